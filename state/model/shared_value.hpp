// A Value that many hold and nobody changes: what is declared, planned and remembered of one object
// is most often one and the same tree, and is then kept once.
//
// Copying one copies a pointer. It reads as a `const Value&` wherever that is asked for; to change
// it, assign another Value.

#pragma once

#include "state/model/value.hpp"

#include <memory>
#include <utility>

namespace trueup {

class SharedValue {
public:
    SharedValue() = default; // null
    SharedValue(Value value)
        : tree_(value.is_null() ? nullptr : std::make_shared<const Value>(std::move(value)))
    {
    }

    // Valid as long as any copy of this value is.
    const Value& operator*() const { return tree_ ? *tree_ : null_value(); }
    const Value* operator->() const { return &**this; }
    operator const Value&() const { return **this; }

    // True when both are one tree in memory, or both null: equal without a look inside.
    bool is(const SharedValue& other) const { return tree_ == other.tree_; }

    friend bool operator==(const SharedValue& a, const SharedValue& b)
    {
        return a.is(b) || *a == *b;
    }
    friend bool operator==(const SharedValue& a, const Value& b) { return *a == b; }

private:
    static const Value& null_value()
    {
        static const Value null;
        return null;
    }

    std::shared_ptr<const Value> tree_;
};

// The same to the last digit, which is stricter than equality: for that 1.0 and 1.00 are the same,
// and a digest of the one is not a digest of the other. Places do not count.
bool identical(const Value& a, const Value& b);

// `known` when `value` is the same to the last digit, so that it is kept once; else `value`.
SharedValue keep_once(SharedValue value, const SharedValue& known);

} // namespace trueup
