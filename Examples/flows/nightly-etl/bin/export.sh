# A stand-in for an exporter: the rows of a region.
echo id,day,amount
case $2 in eu) n=3 ;; us) n=5 ;; *) n=2 ;; esac
for i in $(seq $n); do echo "$2-$i,$1,$((i * 10))"; done
