"""A stand-in for a database: counts the rows that it is sent by those who know the password."""
import http.server, os, sys


class Warehouse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        is_known = self.headers["Authorization"] == os.environ["PASSWORD"]
        self.send_response(200 if is_known else 403)
        self.end_headers()
        self.wfile.write(str(len(rows) - 1).encode())

    def log_message(self, *words):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Warehouse).serve_forever()
