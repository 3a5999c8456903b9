// What people type and logs print to name a resource: Kind/scope/name.

#pragma once

#include "state/model/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup {

// Parts are percent-encoded. The scope is "tenant" or a project's name ("project:tenant" for a
// project that is called tenant). A composite key is name@version. A singleton has no name:
// Kind/tenant.
class Address {
public:
    Address() = default;
    // `key` are the values of the kind's key fields, in order; none for a singleton.
    Address(std::string kind,
            std::optional<std::string> project,
            const std::vector<std::string>& key);

    // Fails with invalid_input on anything but two or three parts, and on a bad escape.
    static Result<Address> parse(std::string_view text);

    const std::string& kind() const { return kind_; }
    // Nothing for the tenant scope.
    const std::optional<std::string>& project() const { return project_; }
    // The scope as it is written: "tenant", "team-a" or "project:tenant" (percent-encoded).
    std::string scope_text() const;
    // The key as it is written (percent-encoded); "" for a singleton.
    const std::string& name() const { return name_; }
    bool is_singleton() const { return name_.empty(); }
    const std::string& text() const { return text_; }

    bool operator==(const Address& other) const { return text_ == other.text_; }
    auto operator<=>(const Address& other) const { return text_ <=> other.text_; }

private:
    void compose();

    std::string kind_;
    std::optional<std::string> project_;
    std::string name_;
    std::string text_;
};

// Percent-encodes everything outside letters, digits and -._~@:+=, plus `also`.
std::string percent_encode(std::string_view text, std::string_view also = {});
// Fails with invalid_input on a cut or non-hex escape.
Result<std::string> percent_decode(std::string_view text);

} // namespace trueup
