"""Rules of application identifiers (AI) that biip leaves out, from GS1's syntax dictionary.

A row names an AI (n: any digit), checks of its value, and the AIs it requires or excludes. `key=` marks
primary keys of Digital Links with their sequences of qualifiers. A check names the position it starts at.
"""

from typing import NamedTuple

RULES = """
00      csum:18  key=
01      csum:14  ex=02,255,37 key=22,10,21|235
02      csum:14  req=37 ex=01,03
03      csum:14  ex=01,02,37
10      req=01,02,03,8006,8026
11      day0:0   req=01,02,03,8006,8026
12      day0:0   req=8020
13      day0:0   req=01,02,03,8006,8026
15      day0:0   req=01,02,03,8006,8026
16      day0:0   req=01,02,03,8006,8026
17      day0:0   req=01,02,03,255,8006,8026
20      req=01,02,03,8006,8026
21      req=01,03,8006 ex=235
22      req=01
235     req=01
240     req=01,02,03,8006,8026
241     req=01,02,03,8006,8026
242     req=01,02,03,8006,8026
243     req=01
250     req=01,8006 req=21
251     req=01,8006
253     csum:13  key=
254     req=414
255     csum:13  ex=01,02,415,8006,8020,8026 key=
30      req=01,02
310n    req=01,02 ex=310n
311n    req=01,02 ex=311n
312n    req=01,02 ex=312n
313n    req=01,02 ex=313n
314n    req=01,02 ex=314n
315n    req=01,02 ex=315n
316n    req=01,02 ex=316n
320n    req=01,02 ex=320n
321n    req=01,02 ex=321n
322n    req=01,02 ex=322n
323n    req=01,02 ex=323n
324n    req=01,02 ex=324n
325n    req=01,02 ex=325n
326n    req=01,02 ex=326n
327n    req=01,02 ex=327n
328n    req=01,02 ex=328n
329n    req=01,02 ex=329n
330n    req=00,01 ex=330n
331n    req=00,01 ex=331n
332n    req=00,01 ex=332n
333n    req=00,01 ex=333n
334n    req=00,01 ex=334n
335n    req=00,01 ex=335n
336n    req=00,01 ex=336n
337n    req=01 ex=337n
34nn    req=00,01
350n    req=01,02 ex=350n
351n    req=01,02 ex=351n
352n    req=01,02 ex=352n
353n    req=00,01 ex=353n
354n    req=00,01 ex=354n
355n    req=00,01 ex=355n
356n    req=01,02 ex=356n
357n    req=01,02 ex=357n
360n    req=01,02 ex=360n
361n    req=01,02 ex=361n
362n    req=00,01 ex=362n
363n    req=00,01 ex=363n
364n    req=01,02 ex=364n
365n    req=01,02 ex=365n
366n    req=01,02 ex=366n
367n    req=00,01 ex=367n
368n    req=00,01 ex=368n
369n    req=00,01 ex=369n
37      req=00 req=02,8026
390n    req=255,8020 ex=390n,391n,394n,8111
391n    req=8020 ex=391n
392n    req=01 req=30,31nn,32nn,35nn,36nn ex=392n,393n
393n    req=30,31nn,32nn,35nn,36nn ex=393n
394n    req=255 ex=394n,8111
395n    req=30,31nn,32nn,35nn,36nn ex=392n,393n,395n,8005
401     key=
402     csum:17  key=
403     req=00
410     csum:13
411     csum:13
412     csum:13
413     csum:13
414     csum:13  key=254|7040
415     csum:13  req=8020 key=8020
416     csum:13
417     csum:13  key=7040
420     ex=421
421     ex=4307
422     req=01,02,8006,8026 ex=426
423     triples:0 req=01,02 ex=426
424     req=01,02 ex=426
425     triples:0 req=01,02 ex=426
426     req=01,02
427     req=01,02 req=422
4300    escapes:0 req=00
4301    escapes:0 req=00
4302    escapes:0 req=00
4303    escapes:0 req=4302
4304    escapes:0 req=00
4305    escapes:0 req=00
4306    escapes:0 req=00
4307    req=00
4308    req=00
4309    geo:0    req=00
4310    escapes:0 req=00
4311    escapes:0 req=00
4312    escapes:0 req=00
4313    escapes:0 req=4312
4314    escapes:0 req=00
4315    escapes:0 req=00
4316    escapes:0 req=00
4317    req=00
4318    req=00
4319    req=00
4320    escapes:0 req=00
4321    req=00
4322    req=00
4323    req=00
4324    day0:0 slot:6 req=00
4325    day0:0 slot:6 req=00
4326    day:0    req=00
4330    req=00 ex=4331
4331    req=00 ex=4330
4332    req=00 ex=4333
4333    req=00 ex=4332
7001    req=01,02,8006,8026
7002    req=01,02
7003    day:0 time:6 req=01,02
7004    req=01 req=10
7005    req=01,02
7006    day:0    req=01,02
7007    day:0 day:6 req=01,02
7008    req=01,02
7009    req=01,02
7010    req=01,02
7011    day:0 time:6 req=01,02
7020    req=01,8006 req=416
7021    req=01,8006
7022    req=7021
703n    req=01,02
71n     req=01
723n    req=01,8004
7240    req=01,8006
7241    req=8017,8018
7242    req=8017,8018
8001    req=01
8003    csum:14  key=
8004    key=7040
8005    req=01,02
8006    csum:14 piece:14 ex=01,37 key=22,10,21
8007    req=415
8008    day:0 time:6 req=01,02
8009    req=00,01
8010    key=8011
8011    req=8010
8012    req=01,8006
8013    key=
8017    csum:18  ex=8018 key=8019
8018    csum:18  ex=8017 key=8019
8019    req=8017,8018
8020    req=415
8026    csum:14 piece:14 req=37 ex=02,8006
8030    req=00,01,253,255,8003,8004,8006,8010,8017,8018
8111    req=255
8200    req=01
"""
NO_ATTRIBUTES = frozenset({"22", "235", "8200"})
"""Application identifiers that no Digital Link states in its query."""

Choices = tuple[str, ...]


class Rules(NamedTuple):
    """Rules of an application identifier; patterns hold n for any digit."""

    checks: tuple[tuple[str, int], ...] = ()
    requires: tuple[Choices, ...] = ()
    """One of each of these choices must be there."""
    excludes: Choices = ()
    qualifiers: tuple[Choices, ...] | None = None
    """Sequences of qualifiers in a Digital Link; None: no primary key."""


def _read_row(parts: list[str]) -> Rules:
    fields: dict[str, list[str]] = {"req": [], "ex": [], "key": []}
    checks = []
    for part in parts:
        name, sign, value = part.partition("=")
        if sign:
            fields[name].append(value)
        else:
            check, _, start = part.partition(":")
            checks.append((check, int(start)))
    return Rules(
        checks=tuple(checks),
        requires=tuple(tuple(choices.split(",")) for choices in fields["req"]),
        excludes=tuple(pattern for choices in fields["ex"] for pattern in choices.split(",")),
        qualifiers=_read_sequences(fields["key"]),
    )


def _read_sequences(keys: list[str]) -> tuple[Choices, ...] | None:
    if not keys:
        return None
    return tuple(tuple(sequence.split(",")) for sequence in keys[0].split("|")) if keys[0] else ()


RULES_BY_PATTERN = {row.split()[0]: _read_row(row.split()[1:]) for row in RULES.strip().splitlines()}
_NO_RULES = Rules()


def find_rules(ai: str) -> Rules:
    """Return the rules of an application identifier."""
    patterns = (ai, f"{ai[:-1]}n", f"{ai[:-2]}nn")
    return next((RULES_BY_PATTERN[pattern] for pattern in patterns if pattern in RULES_BY_PATTERN), _NO_RULES)
