import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("What is asked of a server")
struct InferenceSettingsTests {
    @Test("nothing is sent that isn't set")
    func plain() {
        let message: JSONValue = .object(["role": "user", "content": "hello"])
        #expect(
            InferenceSettings().request(model: "tiny", prompt: "hello")
                == .object(["model": "tiny", "messages": .array([message])]))
    }

    @Test("everything has its field, and extra fields take precedence")
    func whole() throws {
        let settings = InferenceSettings(
            system: "Be brief.", temperature: 0.25, topP: 0.5, maxTokens: 7, stop: ["END"], seed: 3,
            extraFields: ["cache_prompt": true, "seed": 4])
        let messages: [JSONValue] = [
            .object(["role": "system", "content": "Be brief."]), .object(["role": "user", "content": "hello"]),
        ]
        let request = settings.request(model: "tiny", prompt: "hello")
        #expect(
            request
                == .object([
                    "model": "tiny", "messages": .array(messages), "temperature": 0.25, "top_p": 0.5, "max_tokens": 7,
                    "stop": .array(["END"]), "cache_prompt": true, "seed": 4,
                ]))
        #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(request)) == request)
    }
}
