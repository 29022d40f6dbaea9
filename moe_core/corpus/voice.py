"""The teller's voice: a connective between events, a manner of speaking after "said".

It works on templates and does not know who fills them.
"""

from __future__ import annotations

import random
import re

# what begins a state, not a next step
NO_LINK = ("and ", "had ", "loved ", "liked ", "was ", "lived ", "knew ", "could ", "wanted ", "did not ", "'s",
           "never", "always", *"的家，和有住最很是总跟与同、没也", "从来", "已经")
SUBJECTS = {"{hero.They} ": ("{hero.they} ", 0.3), "{hero.Cap} ": ("{hero} ", 0.14), "{hero.ta}": ("{hero.ta}", 0.3),
            "{hero}": ("{hero}", 0.12)}
EARLY = {"en": ("Then ", "After that, ", "A little later, ", "Soon ", "Now ", "Before long, ", "A moment later, "),
         "zh": ("接着，", "然后", "过了一会儿，", "后来，", "不久，", "这时，", "没过多久，")}
LATE = {"en": ("Then ", "At last ", "In the end, ", "Finally, ", "After that, ", "Soon "),
        "zh": ("最后，", "终于，", "后来，", "到最后，", "接着，", "然后")}
SPOKE = {"en": re.compile(r'(?<=[,?!]" said )(\{\w+\})(?=\.)'), "zh": re.compile(r"(?<!“)(\{\w+\})(?=说[：。，])")}
MANNER = {"en": ("softly", "quietly", "slowly", "after a moment", "calmly", "in a low voice", "at once"),
          "zh": ("轻声", "小声", "慢慢地", "认真地", "马上", "低声", "轻轻地", "过了一会儿才")}


def link(form: str, lang: str, late: bool, pick: random.Random) -> str:
    """Now and then a connective before the hero as subject; other words near the end of the story."""
    for start, (lowered, chance) in SUBJECTS.items():
        if form.startswith(start):
            rest = form[len(start):]
            if rest.startswith(NO_LINK) or pick.random() >= chance:
                return form
            return pick.choice((LATE if late else EARLY)[lang]) + lowered + rest
    return form


def manner(form: str, lang: str, pick: random.Random) -> str:
    """Now and then how it was said."""
    if pick.random() >= 0.35:
        return form
    how = pick.choice(MANNER[lang])
    return SPOKE[lang].sub(rf"\1 {how}" if lang == "en" else rf"\g<1>{how}", form, count=1)
