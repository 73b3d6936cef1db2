"""The one error that the pipeline's commands show without a traceback."""


class PipelineError(Exception):
    """What went wrong and what to do about it, in the reader's words."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  What to do: {remedy}")
        self.problem = problem
        self.remedy = remedy
