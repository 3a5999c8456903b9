// What the sandbox answers, before it becomes HTTP.

#pragma once

#include "state/model/value.hpp"

#include <tl/expected.hpp>

#include <optional>
#include <string>

namespace trueup::sandbox {

struct Answer {
    int status = 200;
    std::optional<Value> body;
    bool wrote = false;
};

// A T, or the refusal that the client gets instead.
template <class T>
class [[nodiscard]] Expected : public tl::expected<T, Answer> {
public:
    using tl::expected<T, Answer>::expected;

    Expected(Answer refusal) : tl::expected<T, Answer>(tl::unexpect, std::move(refusal)) {}
};

Answer shown(Value body);
// A write that took effect.
Answer written(int status);
Answer created(const std::string& uid);
// The error body {code, message, details, ref} (kinds.md a.4); `ref` is added where the answer is
// sent.
Answer refusal(int status, const std::string& code, const std::string& message);
// A refusal that names a field of the request in its details.
Answer bad_field(const std::string& field, const std::string& reason);
Answer not_found(const std::string& what);
Answer forbidden(const std::string& why);

} // namespace trueup::sandbox
