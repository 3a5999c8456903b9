// Between the read shape of answers and the write shape of a kind's schema (kind.hpp, read_from).
//
// Pure. In both directions a field is taken from the first of its `read_from` that is present, else
// from under its own name in its parent. Nulls count as absent.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

namespace trueup::rest {

// `item` with exactly the fields that `schema` knows, plus what `open` objects and `any` fields
// hold. Strings are moved out of `item` where no alias could want them a second time. Fails with
// rejected, naming the field, when one has a type that the schema forbids.
Result<Value> decode_shape(const Field& schema, Value item);

// `item` with the fields that `schema` knows where they are written, and everything that it does
// not know left where it was, but for the places that aliases were read from. The start of a
// read-modify-write. Types are not checked: what the API sent may go back.
Value write_shape(const Field& schema, const Value& item);

} // namespace trueup::rest
