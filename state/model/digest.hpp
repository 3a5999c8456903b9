// The SHA-256 of something that comes in parts, so that the parts need not be in memory together.

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace trueup {

class Digest {
public:
    Digest();
    ~Digest();
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void add(std::string_view part);
    // Hex of all parts in a row; what sha256_hex (secret.hpp) says of them. Called once, at the
    // end.
    std::string hex();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

} // namespace trueup
