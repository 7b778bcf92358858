"""What transformers renders: the table that the chat templates of openledger-lm are compared with.

    chat.py FOLDER    print what each template of FOLDER/templates makes of each of FOLDER/conversations.json
"""

import datetime
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import transformers
from transformers.utils import chat_template_utils

NAMES = {"bos_token": "<s>", "eos_token": "</s>"}
NOW = 1_735_732_800


class Noon(datetime.datetime):
    """1 January 2025."""

    @classmethod
    def now(cls, zone=None):
        return cls.fromtimestamp(NOW, datetime.timezone.utc)


def render(template: str, conversation: dict, prompt: bool) -> dict[str, str]:
    # What apply_chat_template does before it renders.
    messages = [
        {key: value for key, value in message.items() if value is not None}
        for message in conversation["messages"]
    ]
    try:
        [text], _ = chat_template_utils.render_jinja_template(
            conversations=[messages],
            tools=conversation.get("tools"),
            chat_template=template,
            add_generation_prompt=prompt,
            **NAMES,
        )
    except Exception as error:
        return {"error": str(error)}
    return {"text": text}


def table(folder: Path) -> dict:
    chat_template_utils.datetime = Noon
    conversations = json.loads((folder / "conversations.json").read_text())
    return {
        "transformers": transformers.__version__,
        "names": NAMES,
        "now": NOW,
        "rows": [
            {"template": path.stem, "conversation": name, "prompt": prompt}
            | render(path.read_text(), conversation, prompt)
            for path in sorted((folder / "templates").glob("*.jinja"))
            for name, conversation in conversations.items()
            for prompt in (False, True)
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(table(Path(sys.argv[1])), sys.stdout, ensure_ascii=False, indent=1)
    print()
