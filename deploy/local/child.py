"""Becomes another program, one that is signalled when its parent dies, even by SIGKILL.

Run as a script (`python -I -S child.py PARENT SIGNAL USER PROGRAM ARGS…`), so that it imports nothing of ours and keeps
its process id. USER is `-`, or, for root, the unprivileged user to become; with `+` before the name the program may
still pass through folders closed to that user, for a project that lies in a closed home. Linux has the parent's death
signal; elsewhere the program merely starts.
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


def checked(result: int, what: str) -> None:
    """Leave with a message where a system call failed."""
    if result != 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def permitted() -> int:
    """Say which capabilities this process has, as a mask."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib would double the start time
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))


def become(libc: ctypes.CDLL, name: str, *, pass_closed_folders: bool) -> None:
    """Give up root for good, keeping at most the right to pass closed folders."""
    user = pwd.getpwnam(name)
    if pass_closed_folders:
        # access() ignores capabilities of a user other than root, unless the kernel is told to leave them alone
        checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if pass_closed_folders:
        kept = CAP_DAC_READ_SEARCH if permitted() >> CAP_DAC_READ_SEARCH & 1 else CAP_DAC_OVERRIDE
        header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
        sets = struct.pack("6I", *[1 << kept] * 3, 0, 0, 0)
        checked(libc.capset(header, sets), "this root may not pass closed folders (capability DAC_READ_SEARCH)")
        checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0), "ambient capability")


def main() -> None:
    """Read the arguments, change user, ask for the signal, become the program."""
    parent, death_signal, user, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        become(libc, user.lstrip("+"), pass_closed_folders=user.startswith("+"))
    if sys.platform == "linux":
        # after the change of user, which clears it
        checked(libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0), "parent's death signal")
        if os.getppid() != int(parent):
            sys.exit("the parent died first")
    os.execvp(command[0], command)  # noqa: S606 - that is this program's work


main()
