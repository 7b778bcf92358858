#!/usr/bin/env bash
# add_bos_token in tokenizer_config.json decides nothing where there is a tokenizer.json.
#
# Versions: transformers 5.23.0 with tokenizers 0.23.3.
# Behaviour: whether a text begins with the begin token is for the post-processor in tokenizer.json alone to say.
#   add_bos_token may be true, false or absent: the tokens are the same. The loaded tokenizer says of itself that
#   add_bos_token is false, even where it puts the token there.
# Guess: the key does what its name says, as it is the one setting that names the begin token's use.
# Why it matters here: a model is trained and asked with its begin token or without it. OpenLedger counts, trains on
#   and attributes tokens, so it has to make the same ones as transformers.
# Seen: for two classes of tokenizer and two post-processors, the tokens of a text with add_bos_token true, false and
#   absent, and the attribute add_bos_token of the loaded tokenizer. Token 1 is the begin token.

. "$(dirname "$0")/lib.sh"
python_with transformers==5.23.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6 Jinja2==3.1.6

export HF_HUB_OFFLINE=1
"$folder/venv/bin/python" - "$folder" 2>"$folder/log" <<'PYTHON' >"$folder/seen" || { cat "$folder/log" >&2; exit 1; }
import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer

folder = Path(sys.argv[1])
vocabulary = ["<unk>", "<s>", "</s>", "▁", "h", "i", "▁h", "▁hi"]
numbers = {piece: number for number, piece in enumerate(vocabulary)}
tokenizer = Tokenizer(models.BPE(numbers, [("▁", "h"), ("▁h", "i")], unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
processed = {"begin token in the post-processor": "<s> $A", "no begin token in it": "$A"}
for kind in ["PreTrainedTokenizerFast", "LlamaTokenizer"]:
    for what, template in processed.items():
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, special_tokens=[("<s>", 1)]
        )
        tokenizer.save(str(folder / "tokenizer.json"))
        tokens, said = [], set()
        for settings in [{"add_bos_token": True}, {"add_bos_token": False}, {}]:
            names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
            text = json.dumps({"tokenizer_class": kind, **names, **settings})
            (folder / "tokenizer_config.json").write_text(text)
            loaded = AutoTokenizer.from_pretrained(folder)
            tokens.append(str(loaded("hi")["input_ids"]))
            said.add(str(loaded.add_bos_token))
        print(f"{kind}, {what}:", *tokens, *sorted(said))
PYTHON
expect "$(cat <<'END'
PreTrainedTokenizerFast, begin token in the post-processor: [1, 7] [1, 7] [1, 7] False
PreTrainedTokenizerFast, no begin token in it: [7] [7] [7] False
LlamaTokenizer, begin token in the post-processor: [1, 7] [1, 7] [1, 7] False
LlamaTokenizer, no begin token in it: [7] [7] [7] False
END
)" <"$folder/seen"
