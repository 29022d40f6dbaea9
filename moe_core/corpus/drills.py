"""Arithmetic in digits and in words, in both languages: every sum is worked out, none is written by hand.

It does not know stories.
"""

from __future__ import annotations

import random

from moe_core.corpus.cast import roles

ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
DIGITS = "零一二三四五六七八九"
THINGS = (
    ("apples", "个苹果"), ("books", "本书"), ("cats", "只猫"), ("flowers", "朵花"), ("pencils", "支铅笔"),
    ("eggs", "个鸡蛋"),
    ("fish", "条鱼"), ("stars", "颗星星"), ("cups", "个杯子"), ("birds", "只鸟"), ("trees", "棵树"), ("hats", "顶帽子"),
    ("coins", "枚硬币"), ("kites", "只风筝"), ("candies", "颗糖"), ("chairs", "把椅子"), ("cars", "辆小汽车"),
    ("letters", "封信"),
)


def english_number(value: int) -> str:
    """0..999 in English words."""
    if value < 20:
        return ONES[value]
    if value < 100:
        return TENS[value // 10] + (f"-{ONES[value % 10]}" if value % 10 else "")
    rest = value % 100
    return f"{ONES[value // 100]} hundred" + (f" and {english_number(rest)}" if rest else "")


def chinese_number(value: int, inside: bool = False) -> str:
    """0..999 in Chinese words."""
    if value < 10:
        return DIGITS[value]
    if value < 100:
        tens = "" if value < 20 and not inside else DIGITS[value // 10]
        return f"{tens}十" + (DIGITS[value % 10] if value % 10 else "")
    rest = value % 100
    zero = "零" if 0 < rest < 10 else ""
    return f"{DIGITS[value // 100]}百{zero}" + (chinese_number(rest, inside=True) if rest else "")


def chinese_count(value: int) -> str:
    """The number before a classifier: two is 两."""
    return "两" if value == 2 else chinese_number(value)


def _sum(pick: random.Random) -> tuple[int, str, int, int]:
    sign = pick.choice("++--×÷")
    top = pick.choice((10, 20, 20, 50, 100))
    if sign == "+":
        a, b = pick.randint(0, top), pick.randint(0, top)
        return a, sign, b, a + b
    if sign == "-":
        a, b = sorted((pick.randint(0, top), pick.randint(0, top)), reverse=True)
        return a, sign, b, a - b
    a, b = pick.randint(2, 9), pick.randint(2, 9)
    return (a, sign, b, a * b) if sign == "×" else (a * b, sign, b, a)


SPOKEN = {"+": ("plus", "加"), "-": ("minus", "减"), "×": ("times", "乘"), "÷": ("divided by", "除以")}


def _line(style: str, a: int, sign: str, b: int, result: int) -> str:
    english, chinese = SPOKEN[sign]
    return {
        "digits": f"{a} {sign} {b} = {result}",
        "tight": f"{a}{sign}{b}={result}",
        "en": f"{english_number(a)} {english} {english_number(b)} is {english_number(result)}",
        "en_equals": f"{english_number(a)} {english} {english_number(b)} equals {english_number(result)}",
        "zh": f"{chinese_number(a)}{chinese}{chinese_number(b)}等于{chinese_number(result)}",
        "ask_en": f"Question: What is {a} {sign} {b}? Answer: {result}",
        "ask_zh": f"问题：{a}{sign}{b}等于多少？回答：{result}",
    }[style]


def arithmetic(seed: int) -> tuple[str, str]:
    """(language, text): a few sums in one style, or a small word problem."""
    pick = random.Random(f"arithmetic-{seed}")
    if pick.random() < 0.4:
        return _word_problem(pick)
    style = pick.choice(("digits", "tight", "en", "en", "en_equals", "zh", "zh", "zh", "ask_en", "ask_zh"))
    lines = [_line(style, *_sum(pick)) for _ in range(pick.randint(3, 8))]
    if style in ("en", "en_equals"):
        return "en", "\n".join(f"{line[:1].upper()}{line[1:]}." for line in lines)
    if style == "zh":
        return "zh", "\n".join(f"{line}。" for line in lines)
    return ("zh" if style == "ask_zh" else "en" if style == "ask_en" else "none"), "\n".join(lines)


def _word_problem(pick: random.Random) -> tuple[str, str]:
    (thing, counted), child = pick.choice(THINGS), pick.choice(roles()["child"])
    name, zh_name = child.en, child.zh
    a, b = pick.randint(2, 30), pick.randint(2, 20)
    more = pick.random() < 0.5 or a < b + 2
    result = a + b if more else a - b
    words = pick.random() < 0.5
    if pick.random() < 0.5:
        number = english_number if words else str
        verb = pick.choice((f"{name} gets {number(b)} more", f"a friend gives {name} {number(b)} more") if more else
                           (f"{name} gives away {number(b)}", f"{name} loses {number(b)}"))
        ask = pick.choice((f"How many {thing} does {name} have now?", f"How many {thing} are there now?"))
        sign = "+" if more else "-"
        return "en", (f"{name} has {number(a)} {thing}. Then {verb}. {ask}\n"
                      f"{a} {sign} {b} = {result}. {name} has {number(result)} {thing}.")
    number = chinese_count if words else str
    unit, noun = counted[0], counted[1:]
    verb = pick.choice((f"又得到了{number(b)}{unit}", f"朋友又给了{number(b)}{unit}") if more else
                       (f"送给别人{number(b)}{unit}", f"弄丢了{number(b)}{unit}"))
    sign = "+" if more else "-"
    return "zh", (f"{zh_name}有{number(a)}{unit}{noun}，{verb}。{zh_name}现在有多少{unit}{noun}？\n"
                  f"{a}{sign}{b}={result}，{zh_name}现在有{number(result)}{unit}{noun}。")
