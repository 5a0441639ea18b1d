"""Outputs as a notebook stores them (nbformat 4)."""


def stored(output):
    """An output that was kept whole."""
    if output["kind"] == "stream":
        return {"output_type": "stream", "name": output["name"], "text": output["text"]}
    return as_stored(output["kind"], output.get("whole", {}))


def as_stored(kind, whole):
    """The content of a message as a notebook stores it (nbformat 4)."""
    content = {"output_type": kind}
    if kind == "stream":
        return dict(content, name=whole["name"], text=whole["text"])
    if kind == "error":
        return dict(content, **{key: whole.get(key, "") for key in ("ename", "evalue", "traceback")})
    content.update(data=whole.get("data", {}), metadata=whole.get("metadata", {}))
    if kind == "execute_result":
        content["execution_count"] = whole.get("execution_count")
    return content
