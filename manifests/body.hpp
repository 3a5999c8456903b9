// Turns the declared part of a manifest into what the kind's schema wants: ${NAME} is substituted,
// directives are resolved, sensitive texts become secrets, and everything is checked on the way.

#pragma once

#include "manifests/context.hpp"
#include "manifests/directive.hpp"

namespace trueup::manifests {

class BodyReader {
public:
    // Everything outlives the reader. Each $ref is added to `references`.
    BodyReader(const Surroundings& surroundings,
               const Kind& kind,
               Complaints& complaints,
               std::vector<Reference>& references)
        : surroundings_(surroundings),
          kind_(kind),
          complaints_(complaints),
          directives_(surroundings, complaints, references)
    {
    }

    // Reads the document without apiVersion, kind, lifecycle and metadata.project.
    void read(Value& body);

    // Substitutes in a value that must be a string; nothing, with a complaint, when it is none.
    std::optional<std::string> text_of(const Value& value, const Step& at);

private:
    void value(Value& value, const Field& field, const Step& at);
    // The value of a directive or a substituted text; false after a mistake.
    bool settle(Value& value, const Field& field, const Step& at, bool& from_elsewhere);
    bool accepts_late(Value& value, const Field& field, const Step& at);
    bool reads_as(Value& value, const Field& field, const Step& at);
    void scalar(Value& value, const Field& field, const Step& at, bool from_elsewhere);
    bool is_well_formed(const Value& value, const Field& field, const Step& at);
    void hide(Value& value, const Step& at, bool from_elsewhere);
    void hide_marked(Map& members, const Field& field, const Step& at);
    void object(Value& value, const Field& field, const Step& at);
    void required(const Value& value, const Field& field, const Step& at);
    void list(Value& value, const Field& field, const Step& at);
    void unlike_elements(const List& list, const Field& field, const Step& at);
    void map(Value& value, const Field& field, const Step& at);
    void free(Value& value, const Step& at);
    void key(const Value& body);
    void mark(const Value& body);
    void wrong_type(const Value& value, const Field& field, const Step& at);
    void unknown_field(const std::string& name, Place place, const Field& field, const Step& at);

    const Surroundings& surroundings_;
    const Kind& kind_;
    Complaints& complaints_;
    Directives directives_;
};

} // namespace trueup::manifests
