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
    private let exchange: Exchange
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - name: by which tasks choose it with `.on("name")`.
    ///   - model: as the server calls it.
    ///   - baseURL: up to and with `/v1`; with or without a slash at its end. By default that of the environment
    ///     variable `OPENAI_BASE_URL`, else OpenAI's own.
    ///   - apiKey: sent as bearer token; by default that of `OPENAI_API_KEY`, else, or if it is empty, none is
    ///     sent. In no error and no description.
    ///   - settings: how the model is to answer.
    ///   - retries: how often a prompt is tried again.
    ///   - connectTimeout: how long a connection may take to be made.
    ///   - idleTimeout: how long the server may send nothing; while it works on the answer it does so.
    ///   - timeout: how long one attempt may take as a whole.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidURL`` if the base URL isn't one of `http` or
    ///   `https`.
    public init(
        _ name: String = "inference", model: String, baseURL: String? = nil, apiKey: String? = nil,
        settings: InferenceSettings = InferenceSettings(), retries: Int = 5,
        connectTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(300),
        timeout: Duration = .seconds(600)
    ) throws {
        let patience = Exchange.Patience(connect: connectTimeout, idle: idleTimeout, whole: timeout)
        try self.init(
            name, model: model, baseURL: baseURL, apiKey: apiKey, settings: settings, retries: retries,
            patience: patience, environment: ProcessInfo.processInfo.environment
        ) { try await Task.sleep(for: $0) }
    }

    init(
        _ name: String, model: String, baseURL: String?, apiKey: String?, settings: InferenceSettings, retries: Int,
        patience: Exchange.Patience, environment: [String: String],
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) throws {
        self.name = name
        self.model = model
        self.settings = settings
        self.retries = retries
        self.sleep = sleep
        let url = baseURL ?? environment["OPENAI_BASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        exchange = Exchange(
            url: try Self.endpoint(url ?? "https://api.openai.com/v1", backend: name),
            credentials: Credentials(apiKey ?? environment["OPENAI_API_KEY"]), patience: patience)
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

    public func start() async throws { exchange.start() }
    public func shutdown() async { await exchange.shutdown() }

    /// Has a prompt answered; see ``AsyncFlow/PromptBackend/complete(_:)``.
    ///
    /// - Returns: the text of the answer.
    /// - Throws: ``InferenceError``; `CancellationError` if the calling Swift task is cancelled.
    public func complete(_ request: PromptRequest) async throws -> String {
        let completion = try await complete(Prompt(request.text), for: request.task)
        guard completion.toolCalls.isEmpty || !completion.text.isEmpty else {
            throw described(
                InferenceError(.invalidAnswer, "it wants tools to be called instead of answering"), attempts: 1)
        }
        return completion.text
    }

    /// Has a prompt answered as a part of a task, with what the task's options say.
    func complete(
        _ prompt: Prompt, for task: TaskContext, adding settings: InferenceSettings = InferenceSettings()
    ) async throws -> Completion {
        let options = task.options(PromptOptions.self) ?? PromptOptions()
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
        let asked = settings.model ?? model
        var plan = RetryPlan(retries: retries)
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
            let outcome = try await exchange.post(body, asked: asked, onText: receive)
            switch outcome {
            case .completion(var completion):
                completion.attempts = attempt
                task?.record(completion, asked: asked)
                return completion
            case .failed(let failure, let error):
                guard case .again(let delay) = plan.failed(failure, jitter: .random(in: 0...1)) else {
                    throw described(error, attempts: plan.failures)
                }
                task?.recordRetry(after: error, delay, asked: asked)
                try await sleep(delay)
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

    func described(_ error: InferenceError, attempts: Int) -> InferenceError {
        let after = attempts > 1 ? " after \(attempts) attempts" : ""
        return InferenceError(
            error.code, status: error.status,
            exchange.credentials.redact(
                "backend '\(name)' got no answer of \(model) from \(exchange.url)\(after): \(error.message)"))
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
