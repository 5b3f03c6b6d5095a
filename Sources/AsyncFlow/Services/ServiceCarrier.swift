/// An argument of a task that may contain services at any depth: handles, futures of them, and containers of those.
protocol ServiceCarrier {
    func forEachService(_ body: (Service) -> Void)
}

extension ServiceHandle: ServiceCarrier {
    func forEachService(_ body: (Service) -> Void) { body(service) }
}

/// The service that a task starts is known before it is ready. If another task passes on a handle, as `map` does, the
/// service is known only from that task's value.
extension TaskFuture: ServiceCarrier where Value == ServiceHandle {
    func forEachService(_ body: (Service) -> Void) {
        if let service = node.service { body(service) }
    }
}

extension Array: ServiceCarrier where Element: ServiceCarrier {
    func forEachService(_ body: (Service) -> Void) {
        for element in self { element.forEachService(body) }
    }
}

extension Optional: ServiceCarrier where Wrapped: ServiceCarrier {
    func forEachService(_ body: (Service) -> Void) { self?.forEachService(body) }
}

extension Dictionary: ServiceCarrier where Value: ServiceCarrier {
    func forEachService(_ body: (Service) -> Void) {
        for value in values { value.forEachService(body) }
    }
}

/// The search for services among values of any type.
enum ServicesWithin {
    static func types<each Value>(_: repeat (each Value).Type) -> Bool {
        for type in repeat (each Value).self {
            if type is any ServiceCarrier.Type { return true }
        }
        return false
    }

    static func collect<each Value>(_ value: repeat each Value) -> [Service] {
        var services: [Service] = []
        for value in repeat each value {
            (value as? any ServiceCarrier)?.forEachService { services.append($0) }
        }
        return services
    }
}
