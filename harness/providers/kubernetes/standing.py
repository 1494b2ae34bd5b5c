"""Why this exists: a pod's processes are made to stand still from within, as nothing else may reach into it.

That works only beside the first process of a namespace of processes: the kernel lets nobody within stop that one
(pid_namespaces(7)). A pod that shares one namespace has its pause there; every other has the component itself.
"""

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError
from harness.providers.kubernetes.connection.inside import Ran

# A signal to -1 goes to all but the first process and the one that sends it (kill(2)). Who does not stand still then
# belongs to another user; the shell that asks is the only one that runs.
STAND = """
going() {
  for status in /proc/[0-9]*/status; do
    while read -r key value _; do
      case $key in
        Pid:) pid=$value ;;
        State:) state=$value ;;
      esac
    done 2>/dev/null <$status || continue
    case $pid:$state in
      1:*|$$:*|*:T|*:t|*:Z|*:X) ;;
      *) return 0 ;;
    esac
  done
  return 1
}
kill -STOP -1 || exit 1
for _ in 1 2 3 4 5 6 7 8 9 10; do
  going || exit 0
  sleep 0.1 2>/dev/null || sleep 1
done
kill -CONT -1
echo "process $pid goes on"
exit 1
"""
GO_ON = "kill -CONT -1"


def refuse_first(component: str) -> None:
    """Raises NotPossibleHereError: its own process is the first of its pod."""
    raise NotPossibleHereError(
        f"{component} cannot be made to stand still in a cluster: it is the first process of its pod, "
        "which no signal from within stops",
        hint="with `init: true` in its Compose service, or `shareProcessNamespace: true` in a manifest, it is not; "
        "or take Kill, or ScaleToZero",
    )


def stood(component: str, ran: Ran) -> None:
    """Raises NotPossibleHereError: not everything stands still; it goes on."""
    if ran.code:
        why = " ".join(ran.said.split()) or f"the shell ended with {ran.code}"
        raise NotPossibleHereError(
            f"{component} cannot be made to stand still: {why}",
            hint="its image needs a shell, whose user may signal all processes of the pod",
        )


def went_on(component: str, ran: Ran) -> None:
    """Raises EnvironmentFailedError: it still stands."""
    if ran.code:
        why = " ".join(ran.said.split()) or f"the shell ended with {ran.code}"
        raise EnvironmentFailedError(f"{component} still stands still: {why}")
