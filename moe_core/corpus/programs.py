"""Tiny Python programs with the output they really print: each is run while it is made.

It does not know stories.
"""

from __future__ import annotations

import contextlib
import io
import random

WORDS = ("cat", "dog", "sun", "moon", "tree", "star", "book", "rain", "bird", "fish", "apple", "tea", "snow", "lamp",
         "river", "cake", "cloud", "boat", "grass", "house", "horse", "green", "happy", "small", "table", "water",
         "bread", "night")
HAN = ("猫", "狗", "太阳", "月亮", "树", "星星", "书", "雨", "鸟", "鱼", "苹果", "茶", "雪", "灯", "河",
       "蛋糕", "云", "船", "草", "马")
NAMES = ("Tom", "Lily", "Anna", "Ben", "Xiaoming", "Meimei", "Sam", "Lucy", "小明", "小红", "乐乐", "小雨", "莉莉")
OF_TEXT = ("text[::-1]", "text.split()", "len(text)", "text.title()", "text.replace(' ', '-')", "text[0]",
           "text.upper()")
ENDS = ("Go!", "Done", "完成", "The end", "出发！")


def _numbers(pick: random.Random) -> list[int]:
    return [pick.randint(1, 20) for _ in range(pick.randint(3, 6))]


def _words(pick: random.Random) -> list[str]:
    return pick.sample(pick.choice((WORDS, WORDS, HAN)), pick.randint(2, 4))


SHAPES = (
    lambda p: f"x = {p.randint(1, 50)}\ny = {p.randint(1, 50)}\nprint(x {p.choice('+-*')} y)",
    lambda p: f"name = \"{p.choice(NAMES)}\"\nprint(\"{p.choice(('Hello,', 'Hi,', '你好，'))}\", name)",
    lambda p: f"for i in range({p.randint(2, 6)}):\n    print(i{p.choice(('', ' * 2', ' + 1', ' * i'))})",
    lambda p: f"numbers = {_numbers(p)}\nprint({p.choice(('sum', 'max', 'min', 'len', 'sorted'))}(numbers))",
    lambda p: f"words = {_words(p)}\nfor word in words:\n    print(word{p.choice(('', '.upper()', ', len(word)'))})",
    lambda p: f"def double(n):\n    return n * 2\n\n\nprint([double(n) for n in {_numbers(p)}])",
    lambda p: f"def greet(name):\n    return \"{p.choice(('Hello, ', 'Good morning, ', '你好，'))}\" + name\n\n\n"
              f"print(greet(\"{p.choice(NAMES)}\"))",
    lambda p: f"price = {p.randint(2, 9)}\ncount = {p.randint(2, 12)}\nprint(\"total:\", price * count)",
    lambda p: f"words = {_words(p)}\nprint(\"{p.choice((', ', '-', ' and ', '、'))}\".join(words))",
    lambda p: f"for word in {_words(p)}:\n    if len(word) > {p.randint(1, 4)}:\n        print(word)\n"
              f"print(\"{p.choice(ENDS)}\")",
    lambda p: f"def add(a, b):\n    return a + b\n\n\nprint(add({p.randint(1, 30)}, {p.randint(1, 30)}))",
    lambda p: f"n = {p.randint(1, 40)}\nif n % 2 == 0:\n    print(\"even\")\nelse:\n    print(\"odd\")",
    lambda p: f"total = 0\nfor n in {_numbers(p)}:\n    total += n\nprint(total)",
    lambda p: f"text = \"{' '.join(_words(p))}\"\nprint({p.choice(OF_TEXT)})",
    lambda p: f"ages = {{\"{p.choice(NAMES[:6])}\": {p.randint(5, 12)}, "
              f"\"{p.choice(NAMES[6:])}\": {p.randint(5, 12)}}}\n"
              "for name, age in ages.items():\n    print(name, \"is\", age)",
    lambda p: f"n = {p.randint(2, 5)}\nwhile n > 0:\n    print(n)\n    n = n - 1\nprint(\"{p.choice(ENDS)}\")",
    lambda p: f"squares = [n * n for n in range({p.randint(3, 8)})]\nprint(squares)",
    lambda p: f"letters = set(\"{p.choice(WORDS)}\")\nprint(sorted(letters))",
    lambda p: f"a, b = 0, 1\nfor _ in range({p.randint(3, 8)}):\n    a, b = b, a + b\nprint(a)",
    lambda p: f"big = [n for n in {_numbers(p)} if n > {p.randint(5, 12)}]\nprint(big)",
    lambda p: f"def is_big(n):\n    return n > {p.randint(5, 15)}\n\n\nprint(is_big({p.randint(1, 20)}))",
    lambda p: f"print(\"{p.choice(WORDS)}\" * {p.randint(2, 4)})",
)


def run(code: str) -> str:
    """What the program prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # the programs are our own, made above
    return printed.getvalue()


def program(seed: int) -> str:
    """A program, a line that says Output, and what it prints."""
    pick = random.Random(f"program-{seed}")
    code = pick.choice(SHAPES)(pick)
    return f"{code}\n# Output:\n{run(code)}".rstrip("\n")
