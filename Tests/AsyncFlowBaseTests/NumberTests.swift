import AsyncFlowBase
import Testing

@Suite("Numbers from outside")
struct NumberTests {
    @Test("sums and products stay in their type")
    func saturating() {
        #expect(Int64.max.addingSaturated(1) == .max)
        #expect(Int64.min.addingSaturated(-1) == .min)
        #expect(UInt8(250).addingSaturated(10) == 255)
        #expect(Int64.max.multipliedSaturated(by: 2) == .max)
        #expect(Int64.max.multipliedSaturated(by: -2) == .min)
        #expect(3.multipliedSaturated(by: -2) == -6)
    }

    @Test(
        "floating-point numbers become the nearest integer",
        arguments: [
            (Double.nan, 0), (.infinity, Int.max), (-.infinity, .min), (1e300, .max), (-2.9, -2),
            (9.2e18, 9_200_000_000_000_000_000),
        ])
    func fromDouble(number: Double, expected: Int) { #expect(Int(saturating: number) == expected) }

    @Test("durations stay within what can be waited for")
    func durations() {
        #expect(Duration.seconds(Int64.max).bounded == .aCentury)
        #expect(Duration.seconds(-1).bounded == .zero)
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).clampedMilliseconds == .min)
        #expect(Duration.milliseconds(1500).clampedNanoseconds == 1_500_000_000)
        #expect(Duration.microseconds(-1500).clampedMilliseconds == -1)
        #expect(Duration(roundedToNanoseconds: .nan) == .zero)
        #expect(Duration(roundedToNanoseconds: .infinity) == .aCentury)
    }

    @Test("durations of more seconds than an Int64 holds are numbers and texts like all others")
    func endlessDurations() {
        let long = Duration.seconds(Int64.max) * 10
        #expect(long.inSeconds > 9e19)
        #expect(long.bounded == .aCentury)
        #expect(long.clampedNanoseconds == .max && long.clampedMilliseconds == .max)
        #expect((long * -1).clampedMilliseconds == .min)
        #expect(long.shortText == "92233720368547758070 s")
        #expect((long * -1).shortText == "-92233720368547758070 s")
        #expect(Duration(secondsComponent: 0, attosecondsComponent: -1).shortText == "-0 ms")
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 1).clampedNanoseconds == 0)
    }
}
