"""Pieces gradio lacks, each a Python class with its script beside it."""

from app.components.device_runner import DeviceRunner
from app.components.fact_table import FactTable
from app.components.figure_panel import FigurePanel
from app.components.file_desk import FileDesk
from app.components.numbers import Numbers
from app.components.pipeline import Pipeline
from app.components.plan_table import PlanTable
from app.components.player import Player
from app.components.reading_list import ReadingList
from app.components.status_line import StatusLine
from app.components.text_pair import TextPair
from app.components.theme_switch import ThemeSwitch
from app.components.token_strip import TokenStrip

WIDGETS = [DeviceRunner, FactTable, FigurePanel, FileDesk, Numbers, Pipeline, PlanTable, Player, ReadingList,
           StatusLine, TextPair, ThemeSwitch, TokenStrip]

__all__ = ["DeviceRunner", "FactTable", "FigurePanel", "FileDesk", "Numbers", "Pipeline", "PlanTable", "Player",
           "ReadingList", "StatusLine", "TextPair", "ThemeSwitch", "TokenStrip", "WIDGETS"]
