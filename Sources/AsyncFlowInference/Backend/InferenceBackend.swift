public import AsyncFlow
import AsyncFlowBase
internal import AsyncFlowHTTPClient
import Foundation
import NIOConcurrencyHelpers

/// A backend that answers prompts through a server with OpenAI's chat completions API: OpenAI itself, vLLM, llama.cpp,
/// Ollama.
///
/// ```swift
/// let flow = try WorkflowEngine(backends: [LocalBackend(), try InferenceBackend("openai", model: "gpt-4o-mini")])
/// let summarise = flow.promptTask("summarise", .on("openai")) { (text: String) in "Summarise: \(text)" }
/// ```
///
/// The statuses 408, 409, 429 and 5xx except 501, and connections that fail or break, are retried after a pause: as
/// long as the server asks for with `retry-after-ms` or `Retry-After`, at most a minute; otherwise half a second,
/// doubled each time and varied at random. Error objects with status 200 and errors in a stream are retried by their
/// own codes, and an answer without choices is retried once. A used-up quota isn't retried. An answer that the token
/// limit cut short is returned as it is. Redirects aren't followed. Requests use the proxy of `http_proxy`,
/// `https_proxy` and `no_proxy`. Cancelling a task closes its connection, so that the server can stop.
///
/// A task with a `.retry` uses that instead: each of its attempts sends the request once, and `retries:` doesn't apply.
/// `.retry(0)` sends a request once in all.
public struct InferenceBackend: PromptBackend, IdentifyingPromptBackend {
    public let name: String
    /// The model that requests name.
    public let model: String
    private let settings: InferenceSettings
    private let retries: Int
    private let servers: Servers
    private let gate: RequestGate
    private let cache: InferenceCache?
    private let sleep: @Sendable (Duration) async throws -> Void
    /// Prompts that wait for their turn under ``InferenceLimits`` count as pending.
    public var reportsStart: Bool { true }

    /// Creates a backend. It sends nothing before its first prompt.
    ///
    /// - Parameters:
    ///   - name: the name by which tasks select the backend with `.on("name")`.
    ///   - model: the model's name, as the server calls it.
    ///   - baseURL: the URL up to and including `/v1`, with or without a slash at its end. By default that of the
    ///     environment variable `OPENAI_BASE_URL`, else OpenAI's own.
    ///   - apiKey: the key, sent as a bearer token; by default that of `OPENAI_API_KEY`. Without a key, or with an
    ///     empty one, none is sent. White space around it is removed. It never appears in an error, event or
    ///     description.
    ///   - otherURLs: base URLs of more servers with the same model. Each request goes to the server with the fewest
    ///     requests in progress; a server that fails gets nothing for a while, and the request goes to the next one at
    ///     once.
    ///   - limits: the limits on concurrent requests, per minute and in all.
    ///   - cache: the cache of answers; nil, the default, to send every request.
    ///   - settings: the settings with which the model answers.
    ///   - retries: the number of retries of a prompt, unless its task has a `.retry`.
    ///   - connectTimeout: the time limit for opening a connection.
    ///   - idleTimeout: the maximum time without a byte from the server, which sends none while it works on the answer.
    ///   - timeout: the time limit for one attempt as a whole.
    /// - Throws: ``InferenceError`` with `WorkflowErrorCode.invalidURL` if a base URL isn't one of `http` or
    ///   `https`, or with `WorkflowErrorCode.invalidKey` if the key can't be sent.
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
        let credentials = try Credentials(apiKey ?? environment["OPENAI_API_KEY"], backend: name)
        if let key = credentials.key { WithheldEnvironment.withhold(secret: key) }
        let urls = try ([url ?? "https://api.openai.com/v1"] + otherURLs).map { try Self.endpoint($0, backend: name) }
        let proxies = ProxySettings(environment: environment)
        servers = Servers(
            urls.map { Exchange(url: $0, credentials: credentials, patience: patience, proxies: proxies) })
        gate = RequestGate(limits)
        self.cache = cache
    }

    private static func endpoint(_ base: String, backend: String) throws -> String {
        var base = base
        while base.hasSuffix("/") { base.removeLast() }
        guard let url = URL(string: base), ["http", "https"].contains(url.scheme?.lowercased()), url.host != nil,
            url.user == nil, url.password == nil, url.query == nil, url.fragment == nil
        else {
            // The message omits the URL, which may contain a password.
            throw InferenceError(
                .invalidURL,
                "backend '\(backend)' needs a base URL like http://localhost:8080/v1, without user and query")
        }
        return base
    }

    package func identity(of question: any Sendable, for task: TaskContext) -> [UInt8]? {
        let settings = settings.overridden(by: (task.backendOption(PromptOptions.self) ?? PromptOptions()).settings)
        let request: JSONValue
        switch question {
        case let text as String: request = settings.request(model: model, prompt: Prompt(text))
        case let prompt as Prompt: request = settings.request(model: model, prompt: prompt)
        case let texts as [String]: request = settings.embeddingsRequest(model: model, texts: texts)
        default: return nil
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(request)).map { [UInt8]($0) }
    }

    /// The quoter for external texts in messages.
    var quote: Quoting { servers.credentials.quote }

    public func start() async throws { servers.start() }
    public func shutdown() async { await servers.shutdown() }

    /// Sends a prompt; see `PromptBackend/complete(_:)`.
    ///
    /// - Returns: the text of the answer.
    /// - Throws: ``InferenceError``; `CancellationError` if the calling Swift task is cancelled.
    public func complete(_ request: PromptRequest) async throws -> String {
        let completion = try await complete(Prompt(request.text), for: request.task)
        guard completion.toolCalls.isEmpty || !completion.text.isEmpty else {
            throw described(
                InferenceError(.invalidAnswer, "the model requested tool calls instead of answering"))
        }
        return completion.text
    }

    /// Sends a prompt as part of a task, with the settings of the task's options.
    func complete(
        _ prompt: Prompt, for task: TaskContext, adding settings: InferenceSettings = InferenceSettings()
    ) async throws -> Completion {
        let options = task.backendOption(PromptOptions.self) ?? PromptOptions()
        let settings = self.settings.overridden(by: options.settings).overridden(by: settings)
        guard let onText = options.onText else { return try await answer(prompt, settings: settings, task: task) }
        let streams = task.companion(AnswerStreams.self) { AnswerStreams() }
        let id = task.taskID
        streams.begin(id)
        defer { streams.pause(id) }
        let latest = NIOLockedValueBox<Int?>(nil)
        return try await answer(
            prompt, settings: settings,
            onText: { text, attempt in
                if latest.withLockedValue({ latest in
                    defer { latest = attempt }
                    return latest.map { attempt > $0 } ?? false
                }) {
                    streams.begin(id)
                }
                streams.receive(text, of: id)
                await onText(text, attempt)
            }, task: task)
    }

    /// Sends a prompt, or returns its answer from the cache.
    ///
    /// - Parameters:
    ///   - task: the task whose events report the answer.
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
            try cache.keep(completion, for: body, quote: quote)
        } catch {
            throw described(
                InferenceError(.notKept, "the answer can't be kept in \(cache.file(for: body).path): \(error)"))
        }
        return completion
    }

    private func answer(
        _ body: Data, _ settings: InferenceSettings,
        _ onText: (@Sendable (_ text: String, _ attempt: Int) async -> Void)?, _ task: TaskContext?
    ) async throws -> Completion {
        let request = ServerRequest.chat(body, model: settings.model ?? model)
        let guess = TokenGuess(prompt: body.count / 4, answer: settings.maxTokens)
        let (outcome, attempts) = try await send(request, guess: guess, task) { attempt in
            guard let onText else { return nil }
            let meter = TokenMeter(task, limit: settings.maxTokens)
            return { text in
                meter.received(text)
                await onText(text, attempt)
            }
        }
        guard case .completion(var completion) = outcome else {
            throw described(InferenceError(.invalidAnswer, "the server answered a prompt with vectors"))
        }
        completion.attempts = attempts
        task?.record(completion, asked: request.model)
        return completion
    }

    /// Turns texts into vectors, with at most `batch` texts in a request.
    func embeddings(
        of texts: [String], batch: Int, settings: InferenceSettings, task: TaskContext
    ) async throws -> [[Float]] {
        let options = task.backendOption(PromptOptions.self) ?? PromptOptions()
        let settings = self.settings.overridden(by: options.settings).overridden(by: settings)
        var vectors: [[Float]] = []
        let batch = min(max(1, batch), max(1, texts.count))
        for start in stride(from: 0, to: texts.count, by: batch) {
            let part = Array(texts[start..<min(start + batch, texts.count)])
            let body = try encoded(settings.embeddingsRequest(model: model, texts: part))
            let request = ServerRequest.embeddings(body, count: part.count, model: settings.model ?? model)
            let (outcome, attempts) = try await send(
                request, guess: TokenGuess(prompt: body.count / 4, answer: 0), task)
            guard case .embeddings(var embeddings) = outcome else {
                throw described(InferenceError(.invalidAnswer, "the server answered a request for vectors with a text"))
            }
            embeddings.attempts = attempts
            task.record(embeddings, asked: request.model)
            if let length = vectors.first?.count, length != embeddings.vectors[0].count {
                throw described(
                    InferenceError(
                        .invalidAnswer, "its vectors have \(length) numbers, then \(embeddings.vectors[0].count)"))
            }
            vectors += embeddings.vectors
        }
        return vectors
    }

    /// Sends a request to a server, with as many attempts as necessary and allowed: those of the task's `.retry` if it
    /// has one, each of which calls this method; otherwise those of the backend.
    ///
    /// - Parameters:
    ///   - guess: an estimate of the tokens that the request will take.
    ///   - receiver: returns the closure that receives the parts of an attempt's answer, if it is streamed.
    private func send(
        _ request: ServerRequest, guess: TokenGuess, _ task: TaskContext?,
        receiver: (_ attempt: Int) -> (@Sendable (String) async -> Void)? = { _ in nil }
    ) async throws -> (Exchange.Outcome, attempts: Int) {
        let isCountedByTask = task?.hasRetries ?? false
        if isCountedByTask, let task, task.attempt > 1 {
            // Waits as long as the server has asked for, or needs to recover, if the task's own pause was shorter.
            let rest = servers.rest
            if rest > .zero { try await sleep(rest) }
        }
        var plan = RetryPlan(retries: isCountedByTask ? 0 : retries)
        let first = isCountedByTask ? task?.attempt ?? 1 : 1
        var route = Servers.Route()
        while true {
            let attempt = first.addingSaturated(plan.failures)
            var request = request
            request.onText = receiver(attempt)
            let (asked, sent) = (request, route)
            let (outcome, next): (Exchange.Outcome, Servers.Route)
            do {
                (outcome, next) = try await gate.pass(guess, priority: task?.priorityLevel ?? 0) {
                    task?.reportStarted()
                    let (outcome, next) = try await servers.post(asked, sent)
                    return ((outcome, next), outcome.tokens(guess))
                }
            } catch let error as InferenceError {
                throw described(error, of: asked.model)
            }
            route = next
            guard case .failed(let failure, let error) = outcome else { return (outcome, attempt) }
            guard case .again(let delay) = plan.failed(failure, jitter: .random(in: 0...1)) else {
                throw described(error, of: asked.model, from: servers.url(of: route), attempts: plan.failures)
            }
            let pause = servers.hasAlternative(to: route) ? .zero : delay
            task?.recordRetry(after: error, pause, asked: request.model)
            if pause > .zero {
                route.startOver()
                try await sleep(pause)
            }
        }
    }

    private func encoded(_ request: JSONValue) throws -> Data {
        do {
            return try JSONEncoder.forRequests.encode(request)
        } catch {
            throw InferenceError(
                .invalidRequest,
                "backend '\(name)' can't send the prompt: the numbers in its settings must be finite, as in all JSON"
            )
        }
    }

    func described(
        _ error: InferenceError, of asked: String? = nil, from url: String? = nil, attempts: Int = 1
    ) -> InferenceError {
        let after = attempts > 1 ? " after \(attempts) attempts" : ""
        return InferenceError(
            error.code, status: error.status,
            // Text from a server is already quoted without the key; this covers everything else.
            quote.redact(
                "backend '\(name)' got no answer from \(asked ?? model) at \(url ?? servers.urls)\(after): "
                    + error.message))
    }
}

extension JSONEncoder {
    /// An encoder that always encodes the same request as the same bytes, which helps the caches of servers.
    fileprivate static var forRequests: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
