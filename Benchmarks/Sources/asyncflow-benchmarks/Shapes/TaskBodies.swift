// What the tasks do, the same for every competitor. Never inlined: a task calls its body.

@inline(never)
func taskBody(_ a: Int) -> Int { a &+ 1 }

@inline(never)
func taskBody(_ a: Int, _ b: Int) -> Int { a &+ b &+ 1 }

@inline(never)
func asyncTaskBody(_ a: Int) async -> Int { a &+ 1 }

@inline(never)
func asyncTaskBody(_ a: Int, _ b: Int) async -> Int { a &+ b &+ 1 }
