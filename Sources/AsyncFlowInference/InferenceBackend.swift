public import AsyncFlow
import Foundation

/// Has prompts answered by a server that speaks OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp, Ollama.
///
/// ```swift
/// let flow = try WorkflowEngine(backends: [LocalBackend(), try InferenceBackend("openai", model: "gpt-4o-mini")])
/// let summarise = flow.promptTask("summarise", .on("openai")) { (text: String) in "Summarise: \(text)" }
/// ```
///
/// The statuses 408, 409, 429 and 5xx but 501, and connections that fail or break, are tried again after a pause:
/// as long as the server asks for with `retry-after-ms` or `Retry-After`, at most a minute; otherwise half a
/// second, doubled each time and varied at random. A used-up quota isn't. An answer that the token limit cut short
/// is given as it is. Redirects aren't followed. Cancelling a task closes its connection, so that the server can
/// stop.
public struct InferenceBackend: PromptBackend {
    public let name: String
    /// The model that requests ask for.
    public let model: String
    private let settings: InferenceSettings
    private let retries: Int
    private let servers: Servers
    private let gate: RequestGate
    private let cache: InferenceCache?
    /// Prompts that wait for their turn under ``InferenceLimits`` count as pending.
    public var reportsStart: Bool { true }
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - name: by which tasks choose it with `.on("name")`.
    ///   - model: as the server calls it.
    ///   - baseURL: up to and with `/v1`; with or without a slash at its end. By default that of the environment
    ///     variable `OPENAI_BASE_URL`, else OpenAI's own.
    ///   - apiKey: sent as bearer token; by default that of `OPENAI_API_KEY`, else, or if it is empty, none is
    ///     sent. In no error and no description.
    ///   - otherURLs: base URLs of more servers of the same model. Each request goes to the server that has the least to do;
    ///     one that fails gets nothing for a while, and the request goes on to the next one at once.
    ///   - limits: how much may be asked at once and per minute.
    ///   - cache: where answers are kept; nil, the default, to ask each time.
    ///   - settings: how the model is to answer.
    ///   - retries: how often a prompt is tried again.
    ///   - connectTimeout: how long a connection may take to be made.
    ///   - idleTimeout: how long the server may send nothing; while it works on the answer it does so.
    ///   - timeout: how long one attempt may take as a whole.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidURL`` if the base URL isn't one of `http` or
    ///   `https`.
    public init(
        _ name: String = "inference", model: String, baseURL: String? = nil, apiKey: String? = nil,
        otherURLs: [String] = [], limits: InferenceLimits = InferenceLimits(),
        cache: InferenceCache? = nil, settings: InferenceSettings = InferenceSettings(), retries: Int = 5,
        connectTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(300),
        timeout: Duration = .seconds(600)
    ) throws {
        let patience = Exchange.Patience(connect: connectTimeout, idle: idleTimeout, whole: timeout)
        try self.init(
            name, model: model, baseURL: baseURL, apiKey: apiKey, otherURLs: otherURLs, limits: limits,
            cache: cache, settings: settings, retries: retries, patience: patience,
            environment: ProcessInfo.processInfo.environment
        ) { try await Task.sleep(for: $0) }
    }

    init(
        _ name: String, model: String, baseURL: String?, apiKey: String?, otherURLs: [String] = [],
        limits: InferenceLimits = InferenceLimits(), cache: InferenceCache? = nil, settings: InferenceSettings,
        retries: Int,
        patience: Exchange.Patience, environment: [String: String],
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) throws {
        self.name = name
        self.model = model
        self.settings = settings
        self.retries = retries
        self.sleep = sleep
        let url = baseURL ?? environment["OPENAI_BASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let credentials = Credentials(apiKey ?? environment["OPENAI_API_KEY"])
        let urls = try ([url ?? "https://api.openai.com/v1"] + otherURLs).map { try Self.endpoint($0, backend: name) }
        servers = Servers(urls.map { Exchange(url: $0, credentials: credentials, patience: patience) })
        gate = RequestGate(limits)
        self.cache = cache
    }

    private static func endpoint(_ base: String, backend: String) throws -> String {
        var base = base
        while base.hasSuffix("/") { base.removeLast() }
        guard let url = URL(string: base), ["http", "https"].contains(url.scheme?.lowercased()), url.host != nil,
            url.user == nil, url.query == nil
        else {
            // Without the URL itself: there may be a password in it.
            throw InferenceError(
                .invalidURL,
                "backend '\(backend)' needs a base URL like http://localhost:8080/v1, without user and query")
        }
        return base + "/chat/completions"
    }

    public func start() async throws { servers.start() }
    public func shutdown() async { await servers.shutdown() }

    /// Has a prompt answered; see `PromptBackend/complete(_:)`.
    ///
    /// - Returns: the text of the answer.
    /// - Throws: ``InferenceError``; `CancellationError` if the calling Swift task is cancelled.
    public func complete(_ request: PromptRequest) async throws -> String {
        let completion = try await complete(Prompt(request.text), for: request.task)
        guard completion.toolCalls.isEmpty || !completion.text.isEmpty else {
            throw described(
                InferenceError(.invalidAnswer, "it wants tools to be called instead of answering"))
        }
        return completion.text
    }

    /// Has a prompt answered as a part of a task, with what the task's options say.
    func complete(
        _ prompt: Prompt, for task: TaskContext, adding settings: InferenceSettings = InferenceSettings()
    ) async throws -> Completion {
        let options = task.backendOption(PromptOptions.self) ?? PromptOptions()
        return try await answer(
            prompt, settings: self.settings.overridden(by: options.settings).overridden(by: settings),
            onText: options.onText, task: task)
    }

    /// Has a prompt answered.
    ///
    /// - Parameters:
    ///   - task: whose events tell of it.
    func answer(
        _ prompt: Prompt, settings: InferenceSettings,
        onText: (@Sendable (_ text: String, _ attempt: Int) async -> Void)? = nil, task: TaskContext? = nil
    ) async throws -> Completion {
        let body = try encoded(settings.request(model: model, prompt: prompt, streams: onText != nil))
        guard let cache else { return try await answer(body, settings, onText, task) }
        if let completion = cache.completion(for: body) {
            task?.reportStarted()
            await onText?(completion.text, 1)
            return completion
        }
        guard cache.mode == .record else {
            throw described(
                InferenceError(
                    .notRecorded,
                    "there is no \(cache.file(for: body).path) with this request, and the cache only replays; "
                        + "record it with mode: .record"))
        }
        let completion = try await answer(body, settings, onText, task)
        do {
            try cache.keep(completion, for: body)
        } catch {
            throw described(
                InferenceError(.notKept, "the answer can't be kept in \(cache.file(for: body).path): \(error)"))
        }
        return completion
    }

    /// Has a request answered by a server, with as many attempts as it takes and is allowed.
    private func answer(
        _ body: Data, _ settings: InferenceSettings,
        _ onText: (@Sendable (_ text: String, _ attempt: Int) async -> Void)?, _ task: TaskContext?
    ) async throws -> Completion {
        let asked = settings.model ?? model
        let tokens = body.count / 4 + (settings.maxTokens ?? 0)
        var plan = RetryPlan(retries: retries)
        var route = Servers.Route()
        while true {
            let attempt = plan.failures + 1
            let meter = TokenMeter(task, limit: settings.maxTokens)
            var receive: (@Sendable (String) async -> Void)?
            if let onText {
                receive = { text in
                    meter.received(text)
                    await onText(text, attempt)
                }
            }
            let (sent, received) = (route, receive)
            let (outcome, next) = try await gate.pass(tokens: tokens) {
                task?.reportStarted()
                let (outcome, next) = try await servers.post(body, asked: asked, sent, onText: received)
                return ((outcome, next), outcome.completion?.usage?.totalTokens)
            }
            route = next
            switch outcome {
            case .completion(var completion):
                completion.attempts = attempt
                task?.record(completion, asked: asked)
                return completion
            case .failed(let failure, let error):
                guard case .again(let delay) = plan.failed(failure, jitter: .random(in: 0...1)) else {
                    throw described(error, from: servers.url(of: route), attempts: plan.failures)
                }
                let pause = servers.hasAlternative(to: route) ? .zero : delay
                task?.recordRetry(after: error, pause, asked: asked)
                if pause > .zero {
                    route.startOver()
                    try await sleep(pause)
                }
            }
        }
    }

    private func encoded(_ request: JSONValue) throws -> Data {
        do {
            return try JSONEncoder.forRequests.encode(request)
        } catch {
            throw InferenceError(
                .invalidRequest,
                "backend '\(name)' can't send the prompt: a number of its settings isn't finite, which JSON can't write"
            )
        }
    }

    func described(_ error: InferenceError, from url: String? = nil, attempts: Int = 1) -> InferenceError {
        let after = attempts > 1 ? " after \(attempts) attempts" : ""
        return InferenceError(
            error.code, status: error.status,
            servers.credentials.redact(
                "backend '\(name)' got no answer of \(model) from \(url ?? servers.urls)\(after): \(error.message)"))
    }
}

extension JSONEncoder {
    /// The same request is always the same bytes: that helps the caches of servers.
    fileprivate static var forRequests: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
