"""The launch options that people may set: an allow-list. What is not here is refused.

Order here is the order in forms and on the command line. Options are keyed by these names, as in
llama.cpp's own preset files.
"""

from __future__ import annotations

from typing import Final

from engine_app.core.flag_kinds import Choice, Flag, Integer, Number, Sequence, Switch
from engine_app.core.registered import Registered
from models_app.core.launch_options import CACHE_TYPES, MAX_PARALLEL, MAX_UBATCH

_MANY: Final = (1 << 31) - 1
_MAX_THREADS: Final = 4096
_MAX_LAYERS: Final = 100_000
_TYPES: Final = tuple(CACHE_TYPES)
_NAMES: Final = r"[A-Za-z][A-Za-z0-9_.]{0,31}"
_NUMBERS: Final = r"\d{1,9}(?:\.\d{1,9})?"
_SPECULATIVE: Final = (
    "none", "draft-simple", "draft-eagle3", "draft-mtp", "draft-dflash", "draft-dspark",
    "ngram-simple", "ngram-map-k", "ngram-map-k4v", "ngram-mod", "ngram-cache",
)  # fmt: skip
_SAMPLERS: Final = (
    "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature",
    "adaptive_p",
)  # fmt: skip

SIZE: Final = "Size and slots"
CPU: Final = "CPU and memory"
GPU: Final = "GPU"
BEHAVIOUR: Final = "Model behaviour"
SAMPLING: Final = "Sampling defaults"
SPECULATIVE: Final = "Speculative decoding"
LOGGING: Final = "Logging"
GROUPS: Final = (SIZE, CPU, GPU, BEHAVIOUR, SAMPLING, SPECULATIVE, LOGGING)

_LISTED: Final[tuple[Flag, ...]] = (
    # ------------------------------------------------------------ size and slots
    Integer(
        name="ctx-size", label="Context", least=0, most=_MANY, others=("-c",), group=SIZE,
        help="Tokens of all slots together; 0 takes what the model was trained for.",
    ),
    Integer(
        name="parallel", label="Slots", least=-1, most=MAX_PARALLEL, others=("-np",), group=SIZE,
        help="Requests answered at the same time; -1 lets the engine choose.",
    ),
    Integer(
        name="batch-size", label="Batch", least=1, most=MAX_UBATCH, others=("-b",), group=SIZE,
        help="Prompt tokens taken at once.",
    ),
    Integer(
        name="ubatch-size", label="Micro-batch", least=1, most=MAX_UBATCH, others=("-ub",),
        group=SIZE, help="Tokens computed at once; an input to embed must fit into it.",
    ),
    Integer(
        name="n-predict", label="Longest answer", least=-1, most=_MANY, others=("-n", "--predict"),
        group=SIZE, help="Tokens where a request sets no limit; -1 is no limit.",
    ),
    Integer(
        name="keep", label="Keep", least=-1, most=_MANY, group=SIZE,
        help="Tokens of the prompt kept when the context shifts; -1 is all.",
    ),
    Integer(
        name="cache-ram", label="Prompt cache, MiB", least=-1, most=_MANY, others=("-cram",),
        group=SIZE, help="RAM for prompts kept from before; -1 is no limit, 0 is none.",
    ),
    Integer(
        name="cache-reuse", label="Reuse from", least=0, most=_MANY, group=SIZE,
        help="Shortest piece of a kept prompt that is used again; 0 is never.",
    ),
    Switch(
        name="cache-prompt", label="Keep prompts", opposites=("--no-cache-prompt",), group=SIZE,
        help="Keeps what was computed of a prompt for the next request.",
    ),
    Number(
        name="slot-prompt-similarity", label="Slot similarity", least=0, most=1, others=("-sps",),
        group=SIZE, help="How much of a prompt must match to use a slot again.",
    ),
    Switch(
        name="kv-unified", label="One cache for all slots", others=("-kvu",),
        opposites=("--no-kv-unified", "-no-kvu"), group=SIZE,
        help="Slots share the context instead of each having its part.",
    ),
    Switch(
        name="cont-batching", label="Continuous batching", others=("-cb",),
        opposites=("--no-cont-batching", "-nocb"), group=SIZE,
        help="Requests join and leave a running batch.",
    ),
    Switch(
        name="context-shift", label="Context shift", opposites=("--no-context-shift",),
        group=SIZE, help="Forgets the oldest tokens instead of ending a long answer.",
    ),
    Switch(
        name="swa-full", label="Full window cache", group=SIZE,
        help="Caches all tokens of models with a sliding window.",
    ),
    Integer(
        name="ctx-checkpoints", label="Context checkpoints", least=0, most=4096,
        others=("-ctxcp", "--swa-checkpoints"), group=SIZE,
        help="States of a slot to come back to, for models with a sliding window.",
    ),
    Integer(
        name="timeout", label="Time limit, s", least=1, most=604_800, others=("-to",), group=SIZE,
        help="Of reading a request and writing its answer.",
    ),
    Integer(
        name="sleep-idle-seconds", label="Sleep after, s", least=-1, most=_MANY, group=SIZE,
        help="The engine frees the model after so long without a request; -1 is never.",
    ),
    # ------------------------------------------------------------ CPU and memory
    Integer(
        name="threads", label="Threads", least=-1, most=_MAX_THREADS, others=("-t",), group=CPU,
        help="While generating; -1 lets the engine choose.",
    ),
    Integer(
        name="threads-batch", label="Threads, prompt", least=-1, most=_MAX_THREADS,
        others=("-tb",), group=CPU, help="While reading a prompt; as Threads where it is not set.",
    ),
    Integer(
        name="threads-http", label="Threads, HTTP", least=-1, most=_MAX_THREADS, group=CPU,
        help="That take requests; -1 lets the engine choose.",
    ),
    Choice(
        name="numa", label="NUMA", choices=("distribute", "isolate", "numactl"), group=CPU,
        help="On machines with several memory nodes.",
    ),
    Choice(
        name="load-mode", label="Load mode", others=("-lm",), group=CPU,
        choices=("auto", "none", "mmap", "mlock", "mmap+mlock", "dio"),
        help="How the file is read: mapped, copied, locked into RAM.",
    ),
    Switch(
        name="mmap", label="Map the file", opposites=("--no-mmap",), group=CPU,
        help="Of older builds; newer ones have Load mode.",
    ),
    Switch(
        name="mlock", label="Lock into RAM", group=CPU,
        help="Of older builds; newer ones have Load mode.",
    ),
    Choice(
        name="cache-type-k", label="KV type, K", choices=_TYPES, others=("-ctk",), group=CPU,
        help="q8_0 halves what f16 takes.",
    ),
    Choice(
        name="cache-type-v", label="KV type, V", choices=_TYPES, others=("-ctv",), group=CPU,
        help="q8_0 halves what f16 takes; it needs flash attention.",
    ),
    Choice(
        name="flash-attn", label="Flash attention", choices=("on", "off", "auto"), others=("-fa",),
        group=CPU, help="Faster, and less memory.",
    ),
    Switch(
        name="repack", label="Repack weights", opposites=("--no-repack", "-nr"), group=CPU,
        help="Into a layout that the CPU computes faster.",
    ),
    Switch(
        name="check-tensors", label="Check tensors", group=CPU,
        help="Looks for invalid values while loading; slower.",
    ),
    Switch(
        name="warmup", label="Warm up", opposites=("--no-warmup",), group=CPU,
        help="Computes once before the first request.",
    ),
    # ------------------------------------------------------------ GPU
    Integer(
        name="n-gpu-layers", label="Layers on GPU", least=-1, most=_MAX_LAYERS,
        choices=("auto", "all"), others=("-ngl", "--gpu-layers"), group=GPU,
        help="The rest stays in RAM.",
    ),
    Choice(
        name="split-mode", label="Split", choices=("none", "layer", "row", "tensor"),
        others=("-sm",), group=GPU, help="How several GPUs share a model.",
    ),
    Sequence(
        name="tensor-split", label="Shares", item=_NUMBERS, what="numbers", others=("-ts",),
        group=GPU, help="Of each GPU: 3,1 puts three quarters on the first.",
    ),
    Integer(
        name="main-gpu", label="Main GPU", least=0, most=255, others=("-mg",), group=GPU,
        help="The one to use when nothing is split.",
    ),
    Sequence(
        name="device", label="Devices", item=_NAMES, what="device names", others=("-dev",),
        group=GPU, help="Such as CUDA0,CUDA1; none keeps everything in RAM.",
    ),
    Switch(
        name="cpu-moe", label="Experts in RAM", others=("-cmoe",), group=GPU,
        help="All experts of a mixture stay in RAM.",
    ),
    Integer(
        name="n-cpu-moe", label="Expert layers in RAM", least=0, most=_MAX_LAYERS,
        others=("-ncmoe",), group=GPU, help="Of the first so many layers.",
    ),
    Choice(
        name="fit", label="Fit to memory", choices=("on", "off"), others=("-fit",), group=GPU,
        help="The engine lowers what is not set until the model fits.",
    ),
    Sequence(
        name="fit-target", label="Keep free, MiB", item=r"\d{1,9}", what="whole numbers",
        others=("-fitt",), group=GPU, help="On each device, when fitting.",
    ),
    Integer(
        name="fit-ctx", label="Least context", least=1, most=_MANY, others=("-fitc",), group=GPU,
        help="That fitting may choose.",
    ),
    Switch(
        name="kv-offload", label="KV cache on GPU", others=("-kvo",),
        opposites=("--no-kv-offload", "-nkvo"), group=GPU, help="With the layers it belongs to.",
    ),
    Switch(
        name="op-offload", label="Compute on GPU", opposites=("--no-op-offload",), group=GPU,
        help="Also with weights that are in RAM.",
    ),
    Switch(
        name="mmproj-offload", label="Projector on GPU", opposites=("--no-mmproj-offload",),
        group=GPU, help="Of models that see or hear.",
    ),
    # ------------------------------------------------------------ model behaviour
    Switch(
        name="embeddings", label="Embeddings", others=("--embedding",), group=BEHAVIOUR,
        help="Serves embeddings and nothing else.",
    ),
    Switch(
        name="reranking", label="Reranking", others=("--rerank",), group=BEHAVIOUR,
        help="Serves reranking.",
    ),
    Choice(
        name="pooling", label="Pooling", choices=("none", "mean", "cls", "last", "rank"),
        group=BEHAVIOUR, help="Of embeddings; the model says it where this does not.",
    ),
    Switch(
        name="jinja", label="Jinja", opposites=("--no-jinja",), group=BEHAVIOUR,
        help="Runs the model's own chat template; tools need it.",
    ),
    Choice(
        name="reasoning", label="Reasoning", choices=("on", "off", "auto"), others=("-rea",),
        group=BEHAVIOUR, help="Whether the model thinks first.",
    ),
    Choice(
        name="reasoning-format", label="Reasoning format", group=BEHAVIOUR,
        choices=("auto", "none", "deepseek", "deepseek-legacy"),
        help="Where thoughts go: into the text or beside it.",
    ),
    Integer(
        name="reasoning-budget", label="Reasoning tokens", least=-1, most=_MANY, group=BEHAVIOUR,
        help="At most so many; -1 is no limit, 0 is none.",
    ),
    Choice(
        name="reasoning-effort", label="Reasoning effort", group=BEHAVIOUR,
        choices=("default", "minimal", "low", "medium", "high", "xhigh", "max"),
        help="For models that know levels.",
    ),
    Choice(
        name="rope-scaling", label="RoPE scaling", choices=("none", "linear", "yarn"),
        group=BEHAVIOUR, help="For contexts longer than trained.",
    ),
    Number(
        name="rope-scale", label="RoPE factor", least=0, most=1024, group=BEHAVIOUR,
        help="Makes the context so many times longer.",
    ),
    Number(
        name="rope-freq-base", label="RoPE base", least=0, most=1e12, group=BEHAVIOUR,
        help="The model says it where this does not.",
    ),
    Number(
        name="rope-freq-scale", label="RoPE frequency scale", least=0, most=1024,
        group=BEHAVIOUR, help="Makes the context longer by the inverse.",
    ),
    Integer(
        name="yarn-orig-ctx", label="YaRN trained context", least=0, most=_MANY, group=BEHAVIOUR,
        help="0 takes the model's.",
    ),
    Number(
        name="yarn-ext-factor", label="YaRN mix", least=-1, most=1024, group=BEHAVIOUR,
        help="0 is all interpolation.",
    ),
    Number(
        name="yarn-attn-factor", label="YaRN attention", least=-1, most=1024, group=BEHAVIOUR,
        help="Scales attention.",
    ),
    Number(
        name="yarn-beta-slow", label="YaRN beta, slow", least=-1, most=1024, group=BEHAVIOUR,
        help="High correction dimension.",
    ),
    Number(
        name="yarn-beta-fast", label="YaRN beta, fast", least=-1, most=1024, group=BEHAVIOUR,
        help="Low correction dimension.",
    ),
    Integer(
        name="embd-normalize", label="Normalize", least=-1, most=64, group=BEHAVIOUR,
        help="Of embeddings: -1 not, 2 to length one.",
    ),
    Integer(
        name="image-min-tokens", label="Least tokens of an image", least=1, most=_MANY,
        group=BEHAVIOUR, help="Of models that take images of any size.",
    ),
    Integer(
        name="image-max-tokens", label="Most tokens of an image", least=1, most=_MANY,
        group=BEHAVIOUR, help="Of models that take images of any size.",
    ),
    Registered(
        name="lora", label="Adapters", kind="adapter", scaled="--lora-scaled",
        others=("--lora-scaled",), group=BEHAVIOUR,
        help="LoRA adapters of the registry, by name or number; name:0.5 sets how much it counts.",
    ),
    # ------------------------------------------------------------ sampling defaults
    Number(
        name="temp", label="Temperature", least=-1, most=100, others=("--temperature",),
        group=SAMPLING, help="0 always takes the likeliest token.",
    ),
    Integer(
        name="top-k", label="Top k", least=0, most=_MANY, group=SAMPLING,
        help="Of so many likeliest tokens; 0 is all.",
    ),
    Number(
        name="top-p", label="Top p", least=0, most=1, group=SAMPLING,
        help="Of the likeliest with this sum; 1 is all.",
    ),
    Number(
        name="min-p", label="Min p", least=0, most=1, group=SAMPLING,
        help="Not those less likely than this share of the likeliest.",
    ),
    Number(
        name="repeat-penalty", label="Repeat penalty", least=0, most=100, group=SAMPLING,
        help="1 is none.",
    ),
    Integer(
        name="repeat-last-n", label="Repeat window", least=-1, most=_MANY, group=SAMPLING,
        help="Tokens the penalty looks back; -1 is the context.",
    ),
    Number(
        name="presence-penalty", label="Presence penalty", least=-100, most=100, group=SAMPLING,
        help="0 is none.",
    ),
    Number(
        name="frequency-penalty", label="Frequency penalty", least=-100, most=100,
        group=SAMPLING, help="0 is none.",
    ),
    Integer(
        name="seed", label="Seed", least=-1, most=(1 << 32) - 1, others=("-s",), group=SAMPLING,
        help="-1 is another one each time.",
    ),
    Sequence(
        name="samplers", label="Samplers", item="", what="samplers", separator=";",
        choices=_SAMPLERS, group=SAMPLING, help="Which are used, in their order.",
    ),
    Number(
        name="top-n-sigma", label="Top n sigma", least=-1, most=100, others=("--top-nsigma",),
        group=SAMPLING, help="-1 is off.",
    ),
    Number(
        name="typical-p", label="Typical p", least=0, most=1, others=("--typical",),
        group=SAMPLING, help="1 is off.",
    ),
    Number(
        name="xtc-probability", label="XTC probability", least=0, most=1, group=SAMPLING,
        help="0 is off.",
    ),
    Number(
        name="xtc-threshold", label="XTC threshold", least=0, most=1, group=SAMPLING,
        help="1 is off.",
    ),
    Number(
        name="dry-multiplier", label="DRY", least=0, most=100, group=SAMPLING, help="0 is off.",
    ),
    Number(name="dry-base", label="DRY base", least=0, most=100, group=SAMPLING, help=""),
    Integer(
        name="dry-allowed-length", label="DRY length", least=0, most=_MANY, group=SAMPLING,
        help="Repetitions up to this length are free.",
    ),
    Integer(
        name="dry-penalty-last-n", label="DRY window", least=-1, most=_MANY, group=SAMPLING,
        help="Tokens it looks back; -1 is the context.",
    ),
    Integer(
        name="mirostat", label="Mirostat", least=0, most=2, group=SAMPLING,
        help="0 is off, 1 and 2 are its versions.",
    ),
    Number(
        name="mirostat-lr", label="Mirostat rate", least=0, most=100, group=SAMPLING, help="",
    ),
    Number(
        name="mirostat-ent", label="Mirostat entropy", least=0, most=100, group=SAMPLING, help="",
    ),
    Number(
        name="dynatemp-range", label="Dynamic temperature", least=0, most=100, group=SAMPLING,
        help="0 is off.",
    ),
    Number(
        name="dynatemp-exp", label="Dynamic exponent", least=0, most=100, group=SAMPLING, help="",
    ),
    # ------------------------------------------------------------ speculative decoding
    Registered(
        name="spec-draft-model", label="Draft model", kind="draft model",
        others=("--model-draft", "-md"), group=SPECULATIVE,
        help="A small model of the registry, with the same vocabulary, that guesses ahead.",
    ),
    Sequence(
        name="spec-type", label="Kinds", item="", what="kinds", choices=_SPECULATIVE,
        group=SPECULATIVE, help="How tokens are guessed ahead.",
    ),
    Integer(
        name="spec-draft-n-max", label="Guess at most", least=0, most=1024, group=SPECULATIVE,
        help="Tokens ahead.",
    ),
    Integer(
        name="spec-draft-n-min", label="Guess at least", least=0, most=1024, group=SPECULATIVE,
        help="Tokens ahead.",
    ),
    Number(
        name="spec-draft-p-min", label="Least likely guess", least=0, most=1,
        others=("--draft-p-min",), group=SPECULATIVE, help="",
    ),
    Integer(
        name="spec-draft-ngl", label="Draft layers on GPU", least=-1, most=_MAX_LAYERS,
        choices=("auto", "all"),
        others=("-ngld", "--gpu-layers-draft", "--n-gpu-layers-draft"), group=SPECULATIVE,
        help="Of the draft model.",
    ),
    # ------------------------------------------------------------ logging
    Integer(
        name="verbosity", label="Verbosity", least=0, most=5, others=("-lv", "--log-verbosity"),
        group=LOGGING, help="1 errors, 2 warnings, 3 information, 4 more, 5 everything.",
    ),
    Switch(
        name="log-jsonl", label="JSON lines", opposites=("--no-log-jsonl",), group=LOGGING,
        help="One object a line instead of text.",
    ),
    Switch(
        name="log-timestamps", label="Times", opposites=("--no-log-timestamps",), group=LOGGING,
        help="In every line.",
    ),
)  # fmt: skip

FLAGS: Final[dict[str, Flag]] = {flag.name: flag for flag in _LISTED}
