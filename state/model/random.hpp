// Randomness as a parameter, so that a run can be replayed from a seed.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace trueup {

class Random {
public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;

    virtual std::uint64_t next() = 0;
    // Uniform in [0, bound); bound must not be 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    // `bytes` random bytes as hex.
    std::string hex(std::size_t bytes);
};

// From the operating system.
std::unique_ptr<Random> make_system_random();
// The same seed gives the same sequence, on every machine.
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed);

} // namespace trueup
