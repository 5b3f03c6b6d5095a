/// The supervisor's program, for the POSIX shell.
///
/// It waits until the pipe has no writer left, which means that the engine's process is gone, and then ends everything
/// in the table: with SIGTERM first, and with SIGKILL within half a second. It ignores the signals that could end it
/// before, holds no terminal and no directory, and isn't a child of the engine: the shell that is started ends at once
/// and leaves it to the system, so that no `wait` of the program ever encounters it.
enum SupervisorScript {
    static let text = #"""
        trap '' HUP INT QUIT TERM TSTP TTIN TTOU PIPE ALRM USR1 USR2
        cd /
        (
        while read -r line <&4; do :; done
        exec 4<&-
        set -f
        groups= marks=
        for entry in $(cat <&3); do
            case $entry in
            G*) groups="$groups ${entry#G}" ;;
            M*) marks="$marks -e ${entry#M}=" ;;
            esac
        done
        exec 3<&-
        # Whether a group's leader, if it is still there, was started before the group was noted: otherwise its number has
        # become somebody else's.
        is_ours() {
            [ -e /proc/self/stat ] || return 0
            read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
            case $stat in *') '*) ;; *) stat=$(cat "/proc/$1/stat") ;; esac
            latest=$(($2 + 1))
            set -- ${stat##*) }
            [ "${20}" -le "$latest" ]
        }
        tell() {
            found=
            for entry in $groups; do
                group=${entry%%:*}
                is_ours "$group" "${entry#*:}" || continue
                kill -s "$1" -- "-$group" && found=yes
            done
            [ -n "$marks" ] || return 0
            set +f
            for file in $(grep -lF $marks /proc/[0-9]*/environ); do
                set -- "$1" "${file#/proc/}"
                kill -s "$1" -- "${2%/environ}" && found=yes
            done
            set -f
        }
        pause() { sleep 0.05 || sleep 1; }
        tell TERM
        [ -n "$found" ] || exit 0
        tell CONT
        for round in 1 2 3 4 5 6 7; do
            pause
            tell 0
            [ -n "$found" ] || exit 0
        done
        for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            tell KILL
            [ -n "$found" ] || exit 0
            pause
        done
        ) >/dev/null 2>&1 &
        """#
}
