"""The processor class: what of a processor decides the last digits of an answer.

The runtime chooses its kernels by instruction set; those sum in another order, and those without VNNI saturate on the
way. Two processors of one class run the same kernels. The runtime does not tell which it chose, so the class is read
where the operating system keeps it.
"""

import ctypes
import platform
import sys
from collections.abc import Collection
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
WIDEST = {
    "x86_64": (
        ("avx512", {"avx512f", "avx512bw", "avx512dq", "avx512vl"}),
        ("avx2", {"avx2", "fma"}),
        ("avx", {"avx"}),
        ("sse4.1", {"sse4_1"}),
    ),
    "aarch64": (("sve", {"sve"}),),
}
"""The widest vectors first; a processor is of the first kind whose flags it all has."""
BESIDES = {
    "x86_64": (("vnni", ("avx512_vnni", "avx_vnni")), ("amx", ("amx_int8",))),
    "aarch64": (("dotprod", ("asimddp",)), ("i8mm", ("i8mm",))),
}
"""Instructions for whole numbers, each under the flags of which one is enough."""
PLAIN = {"x86_64": "sse2", "aarch64": "neon"}
SAME = {"amd64": "x86_64", "arm64": "aarch64"}
SYSCTLS = {
    "avx512f": "hw.optional.avx512f",
    "avx512bw": "hw.optional.avx512bw",
    "avx512dq": "hw.optional.avx512dq",
    "avx512vl": "hw.optional.avx512vl",
    "avx2": "hw.optional.avx2_0",
    "fma": "hw.optional.fma",
    "avx": "hw.optional.avx1_0",
    "sse4_1": "hw.optional.sse4_1",
    "asimddp": "hw.optional.arm.FEAT_DotProd",
    "i8mm": "hw.optional.arm.FEAT_I8MM",
}
"""What macOS calls the flags."""


def processor_class() -> str:
    """The class of this processor, such as `x86_64 avx512+vnni+amx`. Where its flags cannot be read, whatever the
    system calls the processor."""
    found = platform.machine().lower()
    machine = SAME.get(found, found) or "unknown"
    flags = _flags()
    if not flags or machine not in PLAIN:
        return f"{machine} {platform.processor()}".rstrip()
    return f"{machine} {named(machine, flags)}"


def named(machine: str, flags: Collection[str]) -> str:
    """The widest vectors and the instructions for whole numbers among these flags, such as `avx2+vnni`."""
    have = set(flags)
    widest = next((name for name, needed in WIDEST[machine] if needed <= have), PLAIN[machine])
    besides = [name for name, enough in BESIDES[machine] if have & set(enough)]
    return "+".join((widest, *besides))


def _flags() -> set[str]:
    if sys.platform == "darwin":
        return {flag for flag, name in SYSCTLS.items() if _sysctl(name)}
    try:
        return flags_in(CPUINFO.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return set()


def flags_in(cpuinfo: str) -> set[str]:
    """The flags that Linux tells of all processors: those that every one of them has."""
    lines = [line.partition(":") for line in cpuinfo.splitlines()]
    told = [set(value.lower().split()) for name, _, value in lines if name.strip() in {"flags", "Features"}]
    return set.intersection(*told) if told else set()


def _sysctl(name: str) -> bool:
    """Whether macOS says yes to a question about the processor."""
    value = ctypes.c_int64(0)
    size = ctypes.c_size_t(ctypes.sizeof(value))
    libc = ctypes.CDLL(None)
    return libc.sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0) == 0 and bool(value.value)
