"""Run the installer's commands, stage by stage, and tell how each ended.

Reads one JSON request from standard input: `{"socket": path or null, "files": {name: text}, "env": {...}, "output_bytes": n,
"stages": [{"commands": [[...]], "jobs": n, "timeout_s": seconds, "needed": true}]}`. The files are written to the working
directory first. In arguments `{index}` stands for the address under which the socket can be reached. Writes `started`, one
`ran` for each command that was run, then `done`. A command that fails ends the stages after it, unless its stage is not needed.
"""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import forward  # noqa: E402 - found through the path above
from command import Kept  # noqa: E402 - as above
from voice import Voice  # noqa: E402 - as above

WORK = "/tmp/work"
_LAST_WORDS_S = 1.0


def main():
    """Read the request and do it."""
    voice = Voice()
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    voice.say("started")
    os.mkdir(WORK)
    for name, text in request["files"].items():
        with open(os.path.join(WORK, name), "w", encoding="utf-8") as file:
            file.write(text)
    index = ""
    if request["socket"]:
        index = "http://127.0.0.1:%d" % forward.serve(request["socket"])
    for number, stage in enumerate(request["stages"]):
        if not _stage(voice, number, stage, index, request) and stage["needed"]:
            break
    voice.say("done")


def _stage(voice, number, stage, index, request):
    """Run the commands of a stage, `jobs` at a time; whether all succeeded."""

    def run(command):
        argv = [part.replace("{index}", index) for part in command]
        return _run(
            argv, dict(os.environ, **dict(request["env"], **stage["env"])), stage["timeout_s"], request["output_bytes"]
        )

    succeeded = True
    with ThreadPoolExecutor(max_workers=stage["jobs"]) as pool:
        for position, (returncode, stdout, stderr) in enumerate(pool.map(run, stage["commands"])):
            voice.say("ran", stage=number, command=position, returncode=returncode, stdout=stdout, stderr=stderr)
            succeeded = succeeded and returncode == 0
    return succeeded


def _run(argv, env, timeout_s, most):
    """(exit code, standard output, standard error); -9 for what took too long."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(argv, cwd=WORK, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    except OSError as error:
        return 127, "", str(error)
    kept, readers = (Kept(most), Kept(most)), []
    for one, stream in zip(kept, (process.stdout, process.stderr)):
        reader = threading.Thread(target=one.drain, args=(stream.fileno(),), daemon=True)
        reader.start()
        readers.append(reader)
    try:
        returncode = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        returncode = process.wait()
    for reader in readers:
        reader.join(_LAST_WORDS_S)
    return returncode, kept[0].text, kept[1].text


if __name__ == "__main__":
    main()
