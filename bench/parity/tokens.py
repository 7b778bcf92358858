"""What AutoTokenizer makes of texts and conversations.

    tokens.py < jobs    print the tokens for each {"folder", "texts", "conversations"} of a JSON list
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

from transformers import AutoTokenizer


def tokens(folder: str, texts: list[str], conversations: list[dict]) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return {
        "texts": [tokenizer(text, padding=False, truncation=False).input_ids for text in texts],
        "conversations": [
            tokenizer.apply_chat_template(
                conversation["messages"],
                tools=conversation.get("tools"),
                add_generation_prompt=True,
                return_dict=False,
            )
            for conversation in conversations
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    json.dump([tokens(**job) for job in json.load(sys.stdin)], sys.stdout)
