# A stand-in for the exporter's status: ready when it is asked for the third time.
if test "$2" -ge 3; then echo ready; else echo pending; fi
