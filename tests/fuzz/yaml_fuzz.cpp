// YAML text as every manifest, kind file and configuration is read.
//
// What was read keeps the limits, says what is wrong when it gives up a document, and comes back
// the same from the text that it is written as.

#include "state/model/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

void check_round_trip(const Value& document)
{
    const std::string text = yaml::write(document);
    Diagnostics diagnostics;
    const std::vector<Value> again = yaml::parse(text, "again.yaml", diagnostics);
    must(!diagnostics.has_errors(),
         "what is written can be read: " +
             (diagnostics.all().empty() ? std::string() : diagnostics.all().front().text()) + "\n" +
             text);
    must(again.size() == 1 && again.front() == document,
         "what is written reads the same:\n" + text);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    yaml::Limits limits;
    limits.bytes_max = 64U << 10U;
    limits.nodes_max = 2'000;
    limits.depth_max = 32;
    Diagnostics diagnostics;
    const std::vector<Value> documents =
        yaml::parse(text_of(data, size), "input.yaml", diagnostics, limits);
    must_be_presentable(diagnostics);
    std::size_t nodes = 0;
    for (const Value& document : documents) {
        nodes += count_nodes(document);
        must(depth_of(document) <= limits.depth_max + 1, "the depth is bounded");
        check_round_trip(document);
    }
    must(nodes <= limits.nodes_max, "the number of values is bounded");
    return 0;
}
