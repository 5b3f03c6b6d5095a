package import AsyncFlowPlan

/// A part of a flow file that has keys of its own.
package enum Section: String, Sendable, CaseIterable {
    case top, parameter, secret, model, modelLimits, step, ready, restart, repetition, file, resources, retry, growth,
        limit, profile, slurm, pilots, configuration
}

/// The form of a key's value.
package indirect enum Shape: Sendable {
    /// A text without expressions.
    case text
    /// A text in which expressions may stand.
    case template
    /// An expression without `${{ }}` around it.
    case expression
    /// Any value, with expressions in it.
    case value
    /// An amount with a unit, or an expression that makes one.
    case setting(Quantity.Unit)
    case flag
    case integer
    case choice([String])
    /// A type, such as `int`, `file[]` or `{name: string}`.
    case type
    /// One of them or a list of them.
    case listOf(Shape)
    /// Names with a value each.
    case map(Shape)
    /// The keys of a section.
    case section(Section)
    /// Steps under their names.
    case steps
    /// Variables with their values.
    case variables
    /// A short form, or a mapping.
    case either(Shape, Shape)
}

/// A key, with what people are told about it.
package struct Key: Sendable {
    package let name: String
    package let shape: Shape
    package let help: String
    package let example: String

    init(_ name: String, _ shape: Shape, _ help: String, _ example: String) {
        self.name = name
        self.shape = shape
        self.help = help
        self.example = example
    }
}

/// All keys of flow files: the one table that reading, messages, the schema, the help and the reference are made of.
package enum KeyTable {
    package static func keys(of section: Section) -> [Key] {
        switch section {
        case .top: top
        case .parameter: parameter
        case .secret: secret
        case .model: model
        case .modelLimits: modelLimits
        case .step: step
        case .ready: ready
        case .restart: restart
        case .repetition: repetition
        case .file: file
        case .resources: resources
        case .retry: retry
        case .growth: growth
        case .limit: limit
        case .profile: profile
        case .slurm: slurm
        case .pilots: pilots
        case .configuration: [profiles]
        }
    }

    private static let byName: [Section: [String: Key]] = Dictionary(
        uniqueKeysWithValues: Section.allCases.map { section in
            (section, Dictionary(uniqueKeysWithValues: keys(of: section).map { ($0.name, $0) }))
        })

    /// The keys of a section by name.
    static func table(of section: Section) -> [String: Key] { byName[section] ?? [:] }

    /// The heading of a section in the reference.
    package static func title(of section: Section) -> String {
        switch section {
        case .top: "The file"
        case .parameter: "A parameter"
        case .secret: "A secret"
        case .model: "A model"
        case .modelLimits: "limits of a model"
        case .step: "A step"
        case .ready: "ready"
        case .restart: "restart"
        case .repetition: "repeat"
        case .file: "A file of a step"
        case .resources: "resources"
        case .retry: "retry"
        case .growth: "grow"
        case .limit: "limit"
        case .profile: "A profile"
        case .slurm: "slurm"
        case .pilots: "pilots"
        case .configuration: "asyncflow.yaml"
        }
    }

    /// The keys of which a step has exactly one.
    package static let actions = [
        "command", "run", "python", "prompt", "ask", "service", "value", "use", "steps",
    ]

    private static let profiles = Key(
        "profiles", .map(.section(.profile)), "Sets of settings by name, chosen by --profile: where steps run.",
        "profiles: {cluster: {backend: slurm}}")

    private static let top = [
        Key("format", .integer, "The version of this format; 1.", "format: 1"),
        Key("flow", .text, "The name of the flow: letters, digits, '-', '_' and '.'.", "flow: heat-sweep"),
        Key("about", .text, "One or more sentences about it, for people.", "about: How hot a rod gets."),
        Key(
            "params", .map(.either(.value, .section(.parameter))),
            "Parameters: a default, which gives the type, or a mapping with 'type'. One without default must be given.",
            "params: {steps: 1000, sample: {type: file}}"),
        Key(
            "secrets", .map(.section(.secret)),
            "Values that nobody may see, such as passwords: read when needed, for 'env' and keys of models only.",
            "secrets: {TOKEN: {env: TOKEN}}"),
        Key(
            "models", .map(.section(.model)), "Models that 'prompt' asks, by name.",
            "models: {fast: {model: gpt-4o-mini, key: OPENAI_API_KEY}}"),
        Key(
            "defaults", .section(.step), "Policy keys for all steps that start processes and don't have them.",
            "defaults: {retry: 2}"),
        profiles,
        Key("steps", .steps, "The steps by name, in any order.", "steps: {hello: {command: echo hello}}"),
        Key(
            "finally", .steps, "Steps that run when all others have ended, however they ended.",
            "finally: {clean: {run: rm -f x}}"),
        Key(
            "outputs", .map(.value), "Values that are printed at the end, as JSON.",
            "outputs: {total: \"${{ sum(count.value) }}\"}"),
    ]

    private static let parameter = [
        Key("type", .type, "Its type; by default that of the default.", "type: file"),
        Key("default", .value, "Its value if none is given.", "default: 10"),
        Key("enum", .listOf(.text), "The texts that it can be.", "enum: [fast, exact]"),
        Key("about", .text, "A sentence about it, for people.", "about: CSV with the columns name and path"),
    ]

    private static let secret = [
        Key("env", .text, "The variable of the environment that has it.", "env: OPENAI_API_KEY"),
        Key("file", .text, "The file that has it; '~/' is the home directory.", "file: ~/.secrets/warehouse"),
        Key("command", .listOf(.text), "The words of a command that prints it.", "command: [pass, show, ledger/token]"),
    ]

    private static let model = [
        Key("model", .text, "The name that the server knows it by.", "model: gpt-4o-mini"),
        Key(
            "url", .text, "The server's address, up to and with '/v1'; OPENAI_BASE_URL by default, else OpenAI.",
            "url: http://localhost:8080/v1"),
        Key(
            "key", .text, "The name of the secret that is the key; OPENAI_API_KEY of the environment by default.",
            "key: OPENAI_API_KEY"),
        Key(
            "limits", .section(.modelLimits), "The limits on what it is sent.",
            "limits: {requests: 300, tokens: 200000}"),
    ]

    private static let modelLimits = [
        Key("at-once", .integer, "The maximum number of prompts in progress at the same time.", "at-once: 16"),
        Key("requests", .integer, "The maximum number of requests per minute.", "requests: 300"),
        Key("tokens", .integer, "The maximum number of tokens per minute.", "tokens: 200000"),
        Key("total", .integer, "The maximum number of tokens for all prompts of a run.", "total: 3000000"),
    ]

    private static let step = [
        Key("about", .text, "A sentence about it, for people.", "about: Aligns reads."),
        Key(
            "command", .template, "A command line without a shell; each value is one word, a list several.",
            "command: wc -l ${{ input }}"),
        Key(
            "run", .template, "A shell script; values stand in it as quoted variables.", "run: sort ${{ table }} | head"
        ),
        Key("shell", .choice(["bash", "sh"]), "The shell of 'run'; bash where there is one, else sh.", "shell: sh"),
        Key(
            "python", .text, "A Python script that gets names from 'with' and leaves its value in 'result'.",
            "python: result = 2 * x"),
        Key(
            "interpreter", .text, "The command that runs 'python'; python3 by default.",
            "interpreter: /opt/py/bin/python3"),
        Key(
            "prompt", .template, "A question to a model; the answer has the form that 'as' says.",
            "prompt: \"Summarise: ${{ page.value }}\""),
        Key("model", .text, "The model that 'prompt' asks, one of 'models'.", "model: fast"),
        Key("system", .template, "The instructions that the model gets before 'prompt'.", "system: Be brief."),
        Key("temperature", .setting(.number), "0 for the likeliest answer, more for more variety.", "temperature: 0"),
        Key("max-tokens", .integer, "The longest answer.", "max-tokens: 500"),
        Key(
            "ask", .template,
            "A question to a person, who answers in the terminal or by 'asyncflow answer'; 'as' says in which form.",
            "ask: Book them too?"),
        Key(
            "service", .template,
            "A command that runs on as long as steps use it, by its fields 'port', 'host' and 'address'.",
            "service: redis-server --port ${{ task.port }}"),
        Key(
            "ready", .section(.ready), "The check that a service can be used; without one it can at once.",
            "ready: {tcp: \"${{ task.port }}\"}"),
        Key(
            "patience", .setting(.duration), "The time that a service has to get ready; a minute by default.",
            "patience: 5m"),
        Key(
            "restart", .section(.restart), "The restarts of a service that has failed.",
            "restart: {at-most: 3}"),
        Key("value", .value, "A value made of others; no process is started.", "value: \"${{ first(list, 3) }}\""),
        Key(
            "use", .text,
            "Another flow file, by its path; 'with' gives its parameters, and its outputs are the step's.",
            "use: qc.flow.yaml"),
        Key(
            "steps", .steps, "A group: steps that run for each element, without waiting for those of other elements.",
            "steps: {…}"),
        Key("outputs", .map(.value), "The values that a group hands out.", "outputs: {bam: \"${{ align.bam }}\"}"),
        Key(
            "for", .variables,
            "Runs the step for each element of a list or of another step; several lists go side by side.",
            "for: {s: \"${{ samples }}\"}"),
        Key(
            "matrix", .variables, "Runs the step for each combination; 'where' thins them out.",
            "matrix: {a: [1, 2], b: [x, y], where: a != 2 or b != \"x\"}"),
        Key(
            "when", .expression, "Runs the step only if this is true; otherwise its values are null.",
            "when: params.deep"),
        Key(
            "repeat", .section(.repetition), "Runs it again until a condition holds.",
            "repeat: {until: value == \"ready\", max: 60, every: 1m}"),
        Key(
            "with", .map(.value), "Names for the action: variables of Python, parameters of 'use'.",
            "with: {tables: \"${{ simulate.table }}\"}"),
        Key(
            "bring", .listOf(.value), "Files that come along although no word names them.", "bring: ${{ index.index }}"),
        Key(
            "files", .map(.either(.template, .section(.file))),
            "The files that it makes, by name: a path, or a mapping.", "files: {bam: out.bam}"),
        Key(
            "as", .either(.choice(["lines"]), .type), "The form that the output is read in; text by default.",
            "as: {runs: int, hottest: float}"),
        Key(
            "stdin", .template, "The standard input: a text, a list of lines, or a file.", "stdin: ${{ report.value }}"),
        Key(
            "after", .listOf(.text), "Steps that must end first, although none of their values is read.",
            "after: [clean]"),
        Key(
            "resources", .section(.resources), "The resources of each of its processes.",
            "resources: {cores: 4, memory: 8GB}"),
        Key(
            "retry", .either(.setting(.count), .section(.retry)), "The number of retries after a failure.",
            "retry: 3"),
        Key("timeout", .setting(.duration), "The longest time of an attempt.", "timeout: 20m"),
        Key(
            "limit", .section(.limit), "The number of its processes that run at once, or start in a period.",
            "limit: {at-once: 2, rate: 10/s}"),
        Key(
            "tolerate", .setting(.share),
            "The number or share of elements that may fail before the step does; theirs are null.", "tolerate: 5%"),
        Key(
            "env", .map(.value), "Environment variables; the only place for secrets.",
            "env: {TOKEN: \"${{ secrets.TOKEN }}\"}"),
        Key(
            "container", .template,
            "The image of the container that its processes run in, if the profile has an engine for them.",
            "container: debian:stable-slim"),
        Key(
            "cache", .flag,
            "Whether later runs may take its results, as long as its command and the content of its files are the "
                + "same.",
            "cache: true"),
        Key("setup", .listOf(.text), "Lines for the shell before the command or script.", "setup: module load gcc/12"),
        Key(
            "backend", .choice(["local", "slurm", "slurm-pilot"]), "Where it runs, whatever the profile says.",
            "backend: local"),
        Key(
            "allow-failure", .flag, "Whether the flow continues without it when it fails; its values are null then.",
            "allow-failure: true"),
        Key(
            "priority", .integer, "The order among waiting processes; 0 by default, higher numbers go first.",
            "priority: 10"),
    ]

    /// The keys of a step that defaults and profiles may have.
    package static let policies: Set<String> = [
        "resources", "retry", "timeout", "limit", "env", "setup", "container", "cache", "backend", "priority",
    ]

    private static let ready = [
        Key("tcp", .template, "Ready once a connection to this port can be made.", "tcp: \"${{ task.port }}\""),
        Key(
            "http", .template, "Ready once this address answers.", "http: \"http://127.0.0.1:${{ task.port }}/health\""),
        Key("log", .template, "Ready once it has written a line with this text.", "log: ready to accept connections"),
    ]

    private static let restart = [
        Key("at-most", .setting(.count), "The maximum number of restarts.", "at-most: 3")
    ]

    private static let repetition = [
        Key(
            "until", .expression, "The condition; it sees 'value', the output of this round, and 'round'.",
            "until: value == \"ready\""),
        Key("max", .setting(.count), "The most rounds; the step fails after them.", "max: 60"),
        Key("every", .setting(.duration), "The time between two rounds; none by default.", "every: 1m"),
    ]

    private static let file = [
        Key(
            "path", .template, "The path in the step's directory; one that ends with '/' is a directory.",
            "path: run.csv"),
        Key("matching", .template, "A pattern; all files that match it, at least one.", "matching: \"*.txt\""),
        Key("stdout", .template, "The path of a file that gets the standard output.", "stdout: out.txt"),
        Key(
            "save", .template, "Where a link to the file is made besides, in the current directory.",
            "save: results/${{ name }}.csv"),
    ]

    private static let resources = [
        Key("cores", .setting(.count), "The number of cores; 1 by default.", "cores: 4"),
        Key("memory", .setting(.memory), "The amount of memory; not counted by default.", "memory: 8GB"),
        Key("gpus", .setting(.number), "The number of GPUs, or a share of one.", "gpus: 1"),
        Key("ranks", .setting(.count), "The number of processes of a parallel program.", "ranks: 16"),
        Key("time", .setting(.duration), "The time that is requested from a cluster.", "time: 2h"),
    ]

    private static let retry = [
        Key("times", .setting(.count), "The maximum number of retries.", "times: 3"),
        Key("delay", .setting(.duration), "The pause before the first of them; none by default.", "delay: 10s"),
        Key("factor", .setting(.number), "The ratio of each pause to the one before; 1 by default.", "factor: 2"),
        Key(
            "on", .listOf(.text),
            "The failures after which it is: timeout, out-of-memory, node-failure, exit N; all by default.",
            "on: [timeout, exit 75]"),
        Key("grow", .section(.growth), "The resources of which the next attempt gets more.", "grow: {memory: 2x}"),
    ]

    private static let growth = [
        Key("memory", .setting(.factor), "After memory ran out.", "memory: 2x"),
        Key("cores", .setting(.factor), "After time ran out.", "cores: 2x"),
    ]

    private static let limit = [
        Key("at-once", .setting(.count), "The number of processes that run at the same time.", "at-once: 8"),
        Key("rate", .setting(.rate), "The number of processes that start in a period.", "rate: 10/s"),
    ]

    private static let profile = [
        Key(
            "backend", .choice(["local", "slurm", "slurm-pilot"]), "Where steps run: here, as jobs, or inside of jobs.",
            "backend: slurm"),
        Key(
            "container-engine", .choice(["none", "docker", "podman", "apptainer"]),
            "The program that runs the containers of steps; none by default, where steps run without.",
            "container-engine: podman"),
        Key("jobs", .integer, "The maximum number of this machine's cores that are used.", "jobs: 8"),
        Key("slurm", .section(.slurm), "The options of each job for Slurm.", "slurm: {partition: batch}"),
        Key("pilots", .section(.pilots), "The allocations of 'slurm-pilot'.", "pilots: {nodes: 4, cores-per-node: 48}"),
        Key("defaults", .section(.step), "Policy keys for all steps that don't have them.", "defaults: {retry: 2}"),
        Key(
            "steps", .map(.section(.step)),
            "Policy keys for steps by a pattern of their names; they come before those of the step.",
            "steps: {\"align*\": {resources: {memory: 64GB}}}"),
    ]

    private static let slurm = [
        Key("partition", .text, "--partition", "partition: batch"),
        Key("account", .text, "--account", "account: phy123"),
        Key("qos", .text, "--qos", "qos: normal"),
        Key("time", .setting(.duration), "--time, for steps that don't say.", "time: 4h"),
        Key("nodes", .integer, "--nodes", "nodes: 2"),
        Key("constraint", .text, "--constraint", "constraint: avx512"),
        Key("reservation", .text, "--reservation", "reservation: course"),
        Key("exclusive", .flag, "--exclusive", "exclusive: true"),
        Key("extra", .listOf(.text), "More arguments for sbatch.", "extra: [--mail-type=END]"),
    ]

    private static let pilots = [
        Key("nodes", .integer, "The number of nodes of each; 1 by default.", "nodes: 4"),
        Key("cores-per-node", .integer, "The number of cores on each node.", "cores-per-node: 48"),
        Key("at-most", .integer, "The most of them at a time; 1 by default.", "at-most: 3"),
        Key(
            "idle", .setting(.duration), "The time for which one without work is kept; a minute by default.",
            "idle: 5m"),
    ]
}
