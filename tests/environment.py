"""What a process that a test starts finds in its environment: the little that is named, and what measures coverage in it."""

import os


def environment(**variables: object) -> dict[str, str]:
    """PATH, these variables, and those of the coverage of this run."""
    kept = {
        name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")
    }
    return kept | {name: str(value) for name, value in variables.items()}
