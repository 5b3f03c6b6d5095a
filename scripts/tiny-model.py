"""Makes a model of half a megabyte with random weights, always the same ones: a llama of two layers that knows bytes.

usage: tiny-model.py file.gguf
"""

import sys

import gguf
import numpy

WIDTH, HEADS, LAYERS, HIDDEN, CONTEXT = 64, 4, 2, 128, 8192


def byte_letters():
    """How byte-level tokenizers write each byte as a letter (GPT-2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]


special = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|turn|>"]
tokens = [*byte_letters(), "th", *special, "<tool_call>"]
# What begins a call of a tool is one token, so that a test can have the model say it.
kinds = [gguf.TokenType.NORMAL] * 257 + [gguf.TokenType.CONTROL] * len(special) + [gguf.TokenType.USER_DEFINED]

writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_name("tiny")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(HIDDEN)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_dimension_count(WIDTH // HEADS)
writer.add_vocab_size(len(tokens))
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("gpt-2")
writer.add_token_list(tokens)
writer.add_token_types(kinds)
writer.add_token_merges(["t h"])
writer.add_bos_token_id(tokens.index("<|begin|>"))
writer.add_eos_token_id(tokens.index("<|end|>"))
writer.add_add_bos_token(True)
# Tools as in the templates of Hermes and Qwen; without their line breaks a call can't begin with anything but that token.
writer.add_chat_template(
    """{%- if tools %}<|system|>Functions:
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}Call one by <tool_call>{"name": <name>, "arguments": <arguments>}</tool_call><|turn|>{% endif -%}
{%- for message in messages -%}
{%- if message.role == "tool" -%}<|user|><tool_response>{{ message.content }}</tool_response>
{%- else -%}<|{{ message.role }}|>{{ message.content or "" }}
{%- for call in message.tool_calls or [] -%}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{%- endfor -%}
{%- endif -%}<|turn|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"""
)

random = numpy.random.default_rng(1)


def matrix(rows, columns):
    return (random.standard_normal((rows, columns)) / columns**0.5).astype(numpy.float32)


def add(name, values):
    writer.add_tensor(name, values)


add("token_embd.weight", matrix(len(tokens), WIDTH))
add("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
add("output.weight", matrix(len(tokens), WIDTH) * 4)
for layer in range(LAYERS):
    for name, rows, columns in [
        ("attn_q", WIDTH, WIDTH), ("attn_k", WIDTH, WIDTH), ("attn_v", WIDTH, WIDTH), ("attn_output", WIDTH, WIDTH),
        ("ffn_gate", HIDDEN, WIDTH), ("ffn_up", HIDDEN, WIDTH), ("ffn_down", WIDTH, HIDDEN),
    ]:  # fmt: skip
        add(f"blk.{layer}.{name}.weight", matrix(rows, columns))
    for name in ["attn_norm", "ffn_norm"]:
        add(f"blk.{layer}.{name}.weight", numpy.ones(WIDTH, numpy.float32))

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
