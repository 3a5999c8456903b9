// Plan files as `trueup apply PLANFILE` reads them, with the checksum that belongs to what they
// say: a checksum is no secret, and whoever changes a plan can mend it.
//
// Only what was written comes back, and nothing of it is done that a plan made now does not say
// too.

#include "reconciler/plan/saved_plan.hpp"
#include "state/model/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

// A plan that wants to create one thing.
Plan plan_of_now()
{
    Action action;
    action.address = Address("Thing", std::nullopt, {"a"});
    action.verb = Verb::create;
    action.manifest_digest = "m";
    action.pin = "p";
    Plan plan;
    plan.actions.push_back(std::move(action));
    return plan;
}

void check(std::string_view text)
{
    const auto plan = read_saved_plan(text);
    if (!plan)
        return;
    const std::string written = write_saved_plan(*plan);
    const auto again = read_saved_plan(written);
    must(again.has_value(), "what is written can be read: " + written);
    must(write_saved_plan(*again) == written, "what is written stays the same");
    const Agreement agreement = agree(*plan, plan_of_now());
    for (const Action& action : agreement.actions)
        must(action.verb == Verb::blocked || action.address.text() == "Thing/tenant/a",
             "nothing is done that is not planned now");
    // Each address that was agreed is answered for; an address twice is one.
    must(agreement.actions.size() <= plan->actions.size() + 1, "an agreement is bounded");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text = text_of(data, size);
    check(text);
    const auto content = json::parse(text);
    if (content && content->if_map() != nullptr) {
        const Value document = Map{{"checksum", sha256_hex(json::write(*content))},
                                   {"content", *content},
                                   {"format", "trueup-plan/1"}};
        check(json::write(document));
    }
    return 0;
}
