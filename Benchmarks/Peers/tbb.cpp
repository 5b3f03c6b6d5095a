// The four shapes with oneTBB's flow graph: make the graph, run it, check its result.
//
// usage: tbb TASKS [ROUNDS]

#include <oneapi/tbb/flow_graph.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <vector>

namespace flow = oneapi::tbb::flow;
using Signal = flow::continue_msg;
using Node = flow::continue_node<Signal>;

// What the tasks do. Never inlined: a task calls its body. Sums wrap around, hence unsigned.
[[gnu::noinline]] static uint64_t body(uint64_t a) { return a + 1; }
[[gnu::noinline]] static uint64_t body(uint64_t a, uint64_t b) { return a + b + 1; }

constexpr long layer_width = 100;

static long layer_count(long tasks) { return std::max((tasks - 1) / (layer_width + 1), 0L); }
static long grid_side(long tasks) { return std::max(static_cast<long>(std::sqrt(static_cast<double>(tasks))), 1L); }

static uint64_t independent(long tasks) {
    flow::graph graph;
    std::vector<uint64_t> values(tasks);
    std::deque<Node> nodes;
    for (long i = 0; i < tasks; ++i) {
        nodes.emplace_back(graph, [&values, i](const Signal &) { values[i] = body(i); });
    }
    for (auto &node : nodes) node.try_put(Signal());
    graph.wait_for_all();
    uint64_t sum = 0;
    for (auto value : values) sum += value;
    return sum;
}

static uint64_t chain(long tasks) {
    flow::graph graph;
    std::vector<uint64_t> values(tasks);
    std::deque<Node> nodes;
    for (long i = 0; i < tasks; ++i) {
        nodes.emplace_back(graph, [&values, i](const Signal &) { values[i] = body(i > 0 ? values[i - 1] : 0); });
        if (i > 0) flow::make_edge(nodes[i - 1], nodes[i]);
    }
    nodes.front().try_put(Signal());
    graph.wait_for_all();
    return values.back();
}

static uint64_t layers(long tasks) {
    flow::graph graph;
    const long count = 1 + layer_count(tasks) * (layer_width + 1);
    std::vector<uint64_t> values(count);
    std::deque<Node> nodes;
    nodes.emplace_back(graph, [&values](const Signal &) { values[0] = body(0); });
    for (long root = 0; root + 1 < count; root += layer_width + 1) {
        const long joint = root + layer_width + 1;
        for (long i = root + 1; i < joint; ++i) {
            nodes.emplace_back(graph, [&values, root, i](const Signal &) { values[i] = body(values[root]); });
            flow::make_edge(nodes[root], nodes[i]);
        }
        nodes.emplace_back(graph, [&values, root, joint](const Signal &) {
            uint64_t sum = 0;
            for (long i = root + 1; i < joint; ++i) sum += values[i];
            values[joint] = body(sum);
        });
        for (long i = root + 1; i < joint; ++i) flow::make_edge(nodes[i], nodes[joint]);
    }
    nodes.front().try_put(Signal());
    graph.wait_for_all();
    return values.back();
}

static uint64_t grid(long tasks) {
    flow::graph graph;
    const long side = grid_side(tasks);
    std::vector<uint64_t> values(side * side);
    std::deque<Node> nodes;
    for (long row = 0; row < side; ++row) {
        for (long column = 0; column < side; ++column) {
            const long here = row * side + column;
            nodes.emplace_back(graph, [&values, side, row, column, here](const Signal &) {
                values[here] = body(row > 0 ? values[here - side] : 0, column > 0 ? values[here - 1] : 0);
            });
            if (row > 0) flow::make_edge(nodes[here - side], nodes[here]);
            if (column > 0) flow::make_edge(nodes[here - 1], nodes[here]);
        }
    }
    nodes.front().try_put(Signal());
    graph.wait_for_all();
    return values.back();
}

// The results, worked out without tasks.

static uint64_t expected_independent(long tasks) {
    uint64_t sum = 0;
    for (long i = 0; i < tasks; ++i) sum += i + 1;
    return sum;
}

static uint64_t expected_chain(long tasks) { return tasks; }

static uint64_t expected_layers(long tasks) {
    uint64_t value = 1;
    for (long i = 0; i < layer_count(tasks); ++i) value = (value + 1) * layer_width + 1;
    return value;
}

static uint64_t expected_grid(long tasks) {
    std::vector<uint64_t> row(grid_side(tasks), 0);
    for (size_t i = 0; i < row.size(); ++i) {
        uint64_t left = 0;
        for (auto &value : row) left = value = value + left + 1;
    }
    return row.back();
}

static double cpu_microseconds() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct Shape {
    const char *name;
    std::function<uint64_t(long)> run, expected;
    std::function<long(long)> task_count;
    std::vector<double> cpu, wall;
};

int main(int argc, char **argv) {
    const long tasks = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
    const long rounds = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 3;
    if (tasks < 1 || rounds < 1) {
        std::fprintf(stderr, "usage: tbb TASKS [ROUNDS]\n");
        return 64;
    }
    const auto all = [](long n) { return n; };
    std::vector<Shape> shapes = {
        {"W1", independent, expected_independent, all, {}, {}},
        {"W2", chain, expected_chain, all, {}, {}},
        {"W3", layers, expected_layers, [](long n) { return 1 + layer_count(n) * (layer_width + 1); }, {}, {}},
        {"W4", grid, expected_grid, [](long n) { return grid_side(n) * grid_side(n); }, {}, {}},
    };
    for (long round = 0; round < rounds; ++round) {
        for (auto &shape : shapes) {
            const double cpu = cpu_microseconds();
            const auto start = std::chrono::steady_clock::now();
            const uint64_t result = shape.run(tasks);
            const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - start;
            const double count = static_cast<double>(shape.task_count(tasks));
            shape.cpu.push_back((cpu_microseconds() - cpu) / count);
            shape.wall.push_back(wall.count() / count);
            if (result != shape.expected(tasks)) {
                std::fprintf(stderr, "tbb: wrong result of %s\n", shape.name);
                return 1;
            }
        }
    }
    for (const auto &shape : shapes) {
        std::printf("figure peer.tbb.%s.cpu_us %.4f us\n", shape.name, median(shape.cpu));
        std::printf("figure peer.tbb.%s.wall_us %.4f us\n", shape.name, median(shape.wall));
    }
}
