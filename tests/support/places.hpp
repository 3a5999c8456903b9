// Where this build's sources, programs and reference documents are.
//
// Functions instead of macros, so that the tests themselves compile to the same objects wherever
// the project is checked out, and a compiler cache knows them again.

#pragma once

#include <string>

namespace trueup::test {

std::string source_dir();
std::string binary_dir();
// The vendor's Swagger document; "" when there is none.
std::string palette_spec();
// The program under test.
std::string trueup_binary();
// The kind file that docs/kinds.md shows as its example; "" when it is not there.
std::string example_kinds();

} // namespace trueup::test
