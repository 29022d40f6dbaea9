"""The library behind MoEscope: a small mixture-of-experts language model and instruments to watch it.

Read it in this order, the order a prompt walks:

1. ``tokenizer`` and ``pieces``: text becomes token ids, and pieces a person can read.
2. ``config`` and ``model``: the language model; start with ``model/router.py``.
3. ``tracing``: ``RoutingTrace``, what every router decided for every token, and who records it.
4. ``tables``: a trace becomes DataFrames; their columns are listed there.
5. ``statistics``: tables become smaller tables: load, agreement, intervals.
6. ``precision``: the same walk in shorter numbers, and the comparison of the two.

Nothing here knows the page: ``moe_core`` works in a notebook, a script or a test without it.
"""
