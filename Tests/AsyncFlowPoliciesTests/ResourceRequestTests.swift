import Testing

@testable import AsyncFlowPolicies

@Suite("What tasks ask for, and what they get")
struct ResourceRequestTests {
    @Test(
        "what makes sense has no problem",
        arguments: [
            ResourceRequest(), ResourceRequest(cores: 0), ResourceRequest(gpus: 0.5), ResourceRequest(gpus: 0.001),
            ResourceRequest(gpus: 1), ResourceRequest(gpus: 8), ResourceRequest(cores: 4, ranks: 8),
            ResourceRequest(memory: .gigabytes(1)), ResourceRequest(slots: ["license": 1, "tape": 0]),
        ])
    func good(request: ResourceRequest) {
        #expect(request.problem == nil)
    }

    @Test(
        "what makes no sense is told",
        arguments: [
            (ResourceRequest(cores: -1), "got -1"), (ResourceRequest(ranks: 0), "got 0"),
            (ResourceRequest(ranks: -3), "got -3"), (ResourceRequest(memory: .gigabytes(-1)), "-1 GiB"),
            (ResourceRequest(memory: .gigabytes(Double.nan)), "memory must be at least 0"),
            (ResourceRequest(gpus: -0.5), "got -0.5"), (ResourceRequest(gpus: 1.5), "got 1.5"),
            (ResourceRequest(gpus: .nan), "got nan"), (ResourceRequest(gpus: .infinity), "got inf"),
            (ResourceRequest(gpus: 1e12), "gpus must be"), (ResourceRequest(gpus: 0.0001), "got 0.0001"),
            (ResourceRequest(cores: Int.max, ranks: 2), "ranks times cores must be at most"),
            (ResourceRequest(slots: ["license": -1]), "slots 'license' must be at least 0, got -1"),
            (ResourceRequest(slots: ["": 1]), "must have a name"),
        ])
    func bad(request: ResourceRequest, part: String) {
        #expect(request.problem?.contains(part) == true, "\(request.problem ?? "no problem")")
    }

    @Test(
        "shares of a GPU are whole thousandths, rounded down",
        arguments: [
            (0.5, 500) as (Double, Int), (0.29, 290), (0.57, 570), (0.333_333_333, 333), (0.666_666_666, 666),
            (0.9999, 999), (2, 2000),
        ])
    func thousandths(gpus: Double, thousandths: Int) {
        #expect(ResourceClaim.thousandths(of: gpus) == thousandths)
    }

    // MARK: - Allocations

    private func allocation(
        _ request: ResourceRequest, gpus: [GPU] = [], defaultCores: Int = 1
    ) -> ResourceAllocation? {
        var queue = ResourceQueue<Int, Int>(
            capacity: ResourceCapacity(exactly: 64, .terabytes(1), gpus, ["license": 9]),
            owner: "here")
        let actions = queue.submit(1, request, defaultCores: defaultCores, at: .zero)
        guard case .start(_, let allocation)? = actions.first else { return nil }
        return allocation
    }

    @Test("an allocation has what was asked for")
    func contents() throws {
        let request = ResourceRequest(
            cores: 4, memory: .gigabytes(2), gpus: 0.5, ranks: 8, slots: ["license": 2])
        let got = try #require(allocation(request, gpus: [GPU(id: "GPU-a")]))
        #expect(got.cores == 32 && got.coresPerRank == 4 && got.ranks == 8)
        #expect(got.memory == .gigabytes(2) && got.slots == ["license": 2])
        #expect(got.gpus.map(\.gpu.id) == ["GPU-a"] && got.gpus.map(\.fraction) == [0.5])
    }

    @Test("the number of threads is told to those that said how many cores they need")
    func threads() throws {
        #expect(allocation(ResourceRequest())?.environment == [:])
        #expect(allocation(ResourceRequest(cores: 0))?.environment == [:])
        #expect(allocation(ResourceRequest(cores: 3, ranks: 2))?.environment == ["OMP_NUM_THREADS": "3"])
    }

    @Test("GPUs are told by the variables of their vendor")
    func gpuVariables() {
        let nvidia = ["3", "5", "7"].map { GPU(id: $0, vendor: .nvidia) }
        let amd = ["3", "5", "7"].map { GPU(id: $0, vendor: .amd) }
        #expect(allocation(ResourceRequest(gpus: 2), gpus: nvidia)?.environment == ["CUDA_VISIBLE_DEVICES": "3,5"])
        #expect(allocation(ResourceRequest(gpus: 0.5), gpus: nvidia)?.environment == ["CUDA_VISIBLE_DEVICES": "3"])
        // HIP numbers those anew that ROCR_VISIBLE_DEVICES leaves.
        #expect(
            allocation(ResourceRequest(gpus: 2), gpus: amd)?.environment
                == ["ROCR_VISIBLE_DEVICES": "3,5", "HIP_VISIBLE_DEVICES": "0,1"])
        #expect(allocation(ResourceRequest(), gpus: nvidia)?.environment == [:])
    }
}
