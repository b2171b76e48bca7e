"""Executes a program that receives a signal when its parent dies, even by SIGKILL.

Run as a script: `python -I -S child.py PARENT SIGNAL USER PROGRAM ARGS…`. The script imports no project code, and the
program keeps its process id. USER is `-` or, for root, the unprivileged user to switch to. With the prefix `+` the
program may traverse folders closed to that user, such as a private home folder. The death signal requires Linux; on
other systems the program starts without it.
"""

import ctypes
import os
import pwd
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 1, 28, 47
SECBIT_NO_SETUID_FIXUP, PR_CAP_AMBIENT_RAISE = 4, 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def check_result(result: int, operation: str) -> None:
    """Exit with a message if a system call failed."""
    if result != 0:
        sys.exit(f"{operation}: {os.strerror(ctypes.get_errno())}")


def capability_mask() -> int:
    """Return the permitted capabilities of this process as a bit mask."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib would double the start time
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))


def become_user(libc: ctypes.CDLL, name: str, *, pass_closed_folders: bool) -> None:
    """Drop root privileges permanently, except for traversing private folders if requested."""
    user = pwd.getpwnam(name)
    if pass_closed_folders:
        # access() ignores the capabilities of non-root users unless this bit is set
        check_result(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if pass_closed_folders:
        capability = CAP_DAC_READ_SEARCH if capability_mask() >> CAP_DAC_READ_SEARCH & 1 else CAP_DAC_OVERRIDE
        header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
        sets = struct.pack("6I", *[1 << capability] * 3, 0, 0, 0)
        check_result(libc.capset(header, sets), "root lacks the capability DAC_READ_SEARCH to traverse private folders")
        check_result(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "ambient capability")


def main() -> None:
    """Switch user, request the death signal, and execute the program."""
    parent, death_signal, user, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        become_user(libc, user.lstrip("+"), pass_closed_folders=user.startswith("+"))
    if sys.platform == "linux":
        # after the change of user, which resets it
        check_result(libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0), "parent's death signal")
        if os.getppid() != int(parent):
            sys.exit("the parent died first")
    os.execvp(command[0], command)  # noqa: S606 - purpose of this script


main()
