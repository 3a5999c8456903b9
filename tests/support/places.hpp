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

} // namespace trueup::test
