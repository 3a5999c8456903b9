// A plan as people and programs read it. Pure; never shows a secret.

#pragma once

#include "reconciler/plan/plan.hpp"
#include "state/model/json.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace trueup {

enum class Colour { off, on };

struct RenderOptions {
    RenderOptions() = default;

    Colour colour = Colour::off;
    bool show_unchanged = false;
    std::size_t value_chars_max = 120; // longer values are shortened in text
};

// Grouped by what happens, each field with its cause and where it is declared, then the summary
// line.
std::string render_text(const Plan& plan, const RenderOptions& options);

// One action alone: its line and its field changes, as render_text() shows them.
std::string render_action(const Action& action, const RenderOptions& options);

// `text` with what a terminal would obey, or what would hide or turn text, written out.
std::string printable(std::string_view text);

// One line: "2 to create, 1 to update, ...".
std::string summary_line(const PlanCounts& counts);

// The plan as one JSON document in the shape of Terraform's plan JSON, plus our own keys (design.md
// 8).
Value plan_document(const Plan& plan, std::size_t api_requests);

// The text of plan_document, indented and with a line end, in parts as they are made: neither the
// whole document nor its text is ever in memory.
void write_plan_document(const Plan& plan,
                         std::size_t api_requests,
                         const std::function<void(std::string_view)>& sink);

} // namespace trueup
