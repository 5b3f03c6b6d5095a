extension FixedWidthInteger {
    /// Returns the sum, or the nearest value of the type if it doesn't fit.
    @inlinable
    package func addingSaturated(_ other: Self) -> Self {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other < 0 ? .min : .max) : sum
    }

    /// Returns the product, or the nearest value of the type if it doesn't fit.
    @inlinable
    package func multipliedSaturated(by other: Self) -> Self {
        let (product, isOver) = multipliedReportingOverflow(by: other)
        return isOver ? ((self < 0) != (other < 0) ? .min : .max) : product
    }

    /// Creates the number rounded towards zero, or the nearest value of the type if it doesn't fit; zero for a NaN.
    package init(saturating number: Double) {
        if number.isNaN {
            self = 0
        } else {
            self = Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
        }
    }
}
