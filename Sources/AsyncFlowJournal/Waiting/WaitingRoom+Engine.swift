import AsyncFlow
import AsyncFlowBase
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension WorkflowEngine {
    /// The engine's waits for signals and times.
    var waitingRoom: WaitingRoom {
        let (questions, recorder) = (questions, recorder)
        return companion(WaitingRoom.self) {
            WaitingRoom(seat, journal: recorder.map { Self.absolute($0.journal.directory) }, questions, logger)
        }
    }

    /// The waits and loops of the engine's journal; nil without one.
    var durablePlaces: DurablePlaces? {
        guard let recorder else { return nil }
        let room = waitingRoom
        return companion(DurablePlaces.self) {
            let places = DurablePlaces(recorder, room)
            if let limit = recorder.journal.parking {
                let watch = ParkingWatch(recorder, room, limit: limit)
                recorder.atEnd { await watch.stop() }
            }
            return places
        }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}

extension WaitingRoom {
    /// Says in the log what is waited for, and how to answer.
    func tell(_ question: SignalQuestion, _ text: String, _ deadline: JournalTime?) {
        let until = deadline.map { ", until \(WaitText.date($0))" } ?? ""
        let how =
            journal.map {
                "\n  asyncflow signal \(ShellQuoting.quoted($0).harmless()) \(question.name) \(question.example)"
            } ?? ""
        // A person has to do something.
        logger.warning(
            "'\(question.name)' waits for an answer (\(question.type.harmless()))\(until)\(text)\(how)")
    }
}
