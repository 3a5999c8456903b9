// JSON text as API answers, plan files and the rows of the state are read.
//
// What was read keeps the limits and comes back the same from each way of writing it; equality of
// numbers looks at what they mean and never at what they cost.

#include "state/model/json.hpp"
#include "state/model/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

void must_read_back(const Value& value, const std::string& text)
{
    const auto again = json::parse(text);
    must(again.has_value(), "what is written can be read: " + text);
    must(*again == value, "what is written reads the same: " + text);
}

void check_remembered(std::string_view text)
{
    const auto value = json::parse_remembered(text);
    if (!value)
        return;
    const std::string written = json::write(*value, json::Secrets::hash);
    const auto again = json::parse_remembered(written);
    must(again.has_value(), "what is remembered can be read: " + written);
    must(json::write(*again, json::Secrets::hash) == written, "what is remembered stays the same");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text = text_of(data, size);
    json::Limits limits;
    limits.bytes_max = 64U << 10U;
    limits.nodes_max = 2'000;
    limits.depth_max = 32;
    const auto value = json::parse(text, limits);
    if (!value) {
        must(!value.error().message.empty(), "an error says what is wrong");
        must(json::parse_remembered(text).has_value() == json::parse(text).has_value(),
             "both ways of reading agree on what JSON is");
        return 0;
    }
    must(count_nodes(*value) <= limits.nodes_max, "the number of values is bounded");
    must(depth_of(*value) <= limits.depth_max + 1, "the depth is bounded");
    must_read_back(*value, json::write(*value));
    must_read_back(*value, json::write_pretty(*value));
    check_remembered(text);
    // JSON is YAML, but for what YAML forbids.
    if (!value->is_null()) {
        Diagnostics diagnostics;
        const auto documents = yaml::parse(yaml::write(*value), "", diagnostics);
        must(documents.size() == 1 && documents.front() == *value,
             "YAML says the same: " + yaml::write(*value));
    }
    return 0;
}
