"""The local grade of enrichment in a process of its own: `python -m vivavoce.ops.findings MODELS_DIR`.

Reads a `Task` from standard input and writes its findings to standard output. It joins two rooms that do not know each
other: the model store with the embedding model, and the pipeline.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.enrichment.local import Space, local_findings, of_model, of_words
from vivavoce.pipeline.enrichment.material import Material
from vivavoce.speech.embedding import MODEL, NAME, VERSION, Embedder, EmbeddingUnusable
from vivavoce.speech.store import ModelDamaged, ModelMissing, ModelStore


class Task(BaseModel):
    """What is to be enriched, and when it is said to have been; UTC."""

    model_config = ConfigDict(frozen=True)

    material: Material
    at: datetime


def space(models: Path, language: str) -> Space:
    """Where texts are compared: the embedding model's, or that of words where the model is not here or does not run."""
    try:
        embedder = Embedder(ModelStore(models).path(MODEL), threads=1)
    except (ModelMissing, ModelDamaged, EmbeddingUnusable):
        # The findings say what they were found with.
        return of_words(language)
    return of_model(embedder.embed, name=NAME, model_version=VERSION)


def main() -> None:
    """Enrich what standard input holds."""
    task = Task.model_validate_json(sys.stdin.buffer.read())
    where = space(Path(sys.argv[1]), task.material.transcript.language)
    found = local_findings(task.material, where, at=task.at)
    sys.stdout.write(found.model_dump_json())


if __name__ == "__main__":
    main()
