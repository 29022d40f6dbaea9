"""How a job is put to the model: the same lines that stand in its training documents, left open where it must answer.

It knows no model and no corpus; a test holds its lines to the corpus' own.
"""

TRANSLATION, ANSWERING, SENTIMENT, SUMMARY, FREE, RETRIEVAL = (
    "translation", "question_answering", "sentiment", "summary", "free", "retrieval")
JOBS = (TRANSLATION, ANSWERING, SENTIMENT, SUMMARY, FREE, RETRIEVAL)
LANGUAGES = ("en", "zh")

FORMS = {
    (TRANSLATION, "en"): "English: {text}\nChinese:", (TRANSLATION, "zh"): "中文：{text}\n英文：",
    (ANSWERING, "en"): "{text}\nQuestion: {question}\nAnswer:", (ANSWERING, "zh"): "{text}\n问题：{question}\n回答：",
    (SENTIMENT, "en"): "{text}\nFeeling:", (SENTIMENT, "zh"): "{text}\n感受：",
    (SUMMARY, "en"): "{text}\nSummary:", (SUMMARY, "zh"): "{text}\n总结：",
    (FREE, "en"): "{text}", (FREE, "zh"): "{text}",
}
LABELS = {"en": ("positive", "negative"), "zh": ("好评", "差评")}  # what may stand after Feeling: and 感受：
MOST_TOKENS = {TRANSLATION: 80, ANSWERING: 32, SENTIMENT: 6, SUMMARY: 48, FREE: 120}  # of an answer


def prompt_of(job: str, language: str, text: str, question: str = "") -> str:
    """The prompt; what must stand on one line in the corpus is put on one line."""
    if (job, language) not in FORMS:
        raise ValueError(f"job must be one of {', '.join(JOBS[:-1])} in en or zh, got {job} in {language}")
    text = one_line(text) if job == TRANSLATION else text.strip("\n")
    return FORMS[job, language].format(text=text, question=one_line(question)).lstrip("\n")


def one_line(text: str) -> str:
    """The text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


def ends_at_line(job: str) -> bool:
    """Whether the answer is one line; free text may have many."""
    return job != FREE
