/// Scripts in Python, with values bound as variables and one handed back.
enum PythonScript {
    /// Runs a script with variables and prints its `result` as JSON; what the script itself prints goes to standard
    /// error.
    ///
    /// Its arguments are a name for messages, the script and the variables as JSON; one that begins with `@` is the
    /// path of a file. The script stays as it is, so that line numbers are right.
    static let loader = """
        import sys, os, json, linecache
        name, code, values = sys.argv[1:4]
        if code[:1] == "@": code = open(code[1:], encoding="utf-8", newline="").read()
        if values[:1] == "@": values = open(values[1:], encoding="utf-8").read()
        sys.argv = [name]
        sys.path.insert(0, os.getcwd())
        out = os.dup(1)
        os.dup2(2, 1)
        name = "<" + name + ">"
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        names = {"__name__": "__main__", "__file__": name}
        names.update(json.loads(values))
        exec(compile(code, name, "exec"), names)
        if "result" in names:
            with os.fdopen(out, "w", encoding="utf-8") as file: json.dump(names["result"], file, ensure_ascii=False, allow_nan=False)
        """

    /// The value that a script has left.
    static func value(of text: String, as form: OutputForm, base: String) throws(ValueError) -> Value {
        if text.isEmpty {
            if form == .text { return .string("") }
            throw ValueError("the script has left nothing in 'result', and 'as' says that it is \(form.type)")
        }
        let result: Value
        do throws(ValueError) { result = try JSONText.value(of: text) } catch {
            throw ValueError("the 'result' of the script can't be read: \(error)")
        }
        if form == .text { return .string(result.scalarText ?? JSONText.text(of: result)) }
        do throws(ValueError) { return try Conversion.convert(result, to: form.type, base: base) } catch {
            throw ValueError("the 'result' of the script doesn't have the form that 'as' says: \(error)")
        }
    }
}
