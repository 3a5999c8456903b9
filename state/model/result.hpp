// Either a T or the Error that kept us from having one. Stands in for std::expected, which
// libstdc++ has from GCC 13 on.

#pragma once

#include "state/model/error.hpp"

#include <tl/expected.hpp>

namespace trueup {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;

    Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

} // namespace trueup
