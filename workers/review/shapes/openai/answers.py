"""What the answers of OpenAI's API are made of: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

from workers.review.shapes.following.values import Series, record

_FUNCTION = record("the call of a function", "name arguments")
_TOOL = record("the call of a tool", "id type index", function=_FUNCTION)
_DETAILS = record("details of tokens", "cached_tokens reasoning_tokens audio_tokens")
_USAGE = record(
    "the tokens used",
    "prompt_tokens completion_tokens total_tokens",
    prompt_tokens_details=_DETAILS,
    completion_tokens_details=_DETAILS,
)
_ENVELOPE = "id object created model system_fingerprint"
MESSAGE = record("a message", "role content name refusal", function_call=_FUNCTION, tool_calls=Series(item=_TOOL))
_CHOICE = record("a choice", "index finish_reason", message=MESSAGE)
_DELTA_CHOICE = record("a choice", "index finish_reason", delta=MESSAGE)
CHAT = record("a chat completion", _ENVELOPE, choices=Series(item=_CHOICE), usage=_USAGE)
CHAT_CHUNK = record("a part of a chat completion", _ENVELOPE, choices=Series(item=_DELTA_CHOICE), usage=_USAGE)
_LOGPROBS = record("log probabilities", "tokens token_logprobs top_logprobs text_offset")
_TEXT_CHOICE = record("a choice", "index finish_reason text", logprobs=_LOGPROBS)
TEXT = record("a completion", _ENVELOPE, choices=Series(item=_TEXT_CHOICE), usage=_USAGE)
EMBEDDINGS = record(
    "embeddings", "object model", data=Series(item=record("an embedding", "embedding index object")), usage=_USAGE
)
IMAGES = record("images", "created", data=Series(item=record("an image", "url b64_json revised_prompt")))
_CATEGORIES = (
    "hate hate/threatening harassment harassment/threatening self-harm self-harm/intent self-harm/instructions "
    "sexual sexual/minors violence violence/graphic"
)
_VERDICT = record(
    "a verdict",
    "flagged",
    categories=record("categories", _CATEGORIES),
    category_scores=record("scores", _CATEGORIES),
)
MODERATION = record("a moderation", "id model", results=Series(item=_VERDICT))
TRANSCRIPT = record("a transcript", "text language duration")
FILE = record("a file", "id bytes created_at filename object purpose status status_details")
FILES = record("files", "object", data=Series(item=FILE))
DELETED = record("what was deleted", "id object deleted")
MODEL = record("a model", "id object created owned_by")
MODELS = record("models", "object", data=Series(item=MODEL))
_JOB_ERROR = record("an error", "code message param")
JOB = record(
    "a fine-tuning job",
    "id object created_at finished_at fine_tuned_model model organization_id result_files status trained_tokens "
    "training_file validation_file",
    error=_JOB_ERROR,
    hyperparameters=record("hyperparameters", "n_epochs batch_size learning_rate_multiplier"),
)
JOBS = record("fine-tuning jobs", "object has_more", data=Series(item=JOB))
EVENTS = record(
    "events",
    "object has_more",
    data=Series(item=record("an event", "id object created_at level message type")),
)
