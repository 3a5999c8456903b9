// Compares the fields of one kind with the schemas of the bodies that carry them.

#pragma once

#include "api/kinds/swagger.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/kind.hpp"

#include <set>
#include <string>

namespace trueup::kinds {

// Whether a field that a body lacks is a finding at once.
enum class Missing { report, allow };

class FieldComparison {
public:
    // All outlive it.
    FieldComparison(const Swagger& swagger, const Kind& kind, Diagnostics& diagnostics)
        : swagger_(swagger), kind_(kind), diagnostics_(diagnostics)
    {
    }

    // `body` of `call` takes the resource in place: every field below `field`, which stands at
    // `path`, that a client may write must be there, of the same type and with the same choices.
    void written(const Field& field,
                 const Path& path,
                 Schema body,
                 const std::string& call,
                 Missing missing);
    // A body template: each of its keys and each field that it places.
    void body_template(const Value& body, Schema schema, const std::string& call);
    // `object` is what a read answers: every readable field below `field` must be in it, or in
    // `item`, what the list carries, where the field has aliases.
    void read(const Field& field, const Path& path, Schema parent, Schema object, Schema item);
    // Reports the fields that no body took.
    void finish_written(const Field& field, const Path& path);

    void finding(const std::string& key, const std::string& what, std::string advice = {});

private:
    void agree(const Field& field, const std::string& key, Schema node, const std::string& call);
    void written_members(const Field& field,
                         const Path& path,
                         Schema node,
                         const std::string& call,
                         Missing missing);
    void
    read_members(const Field& field, const Path& path, Schema node, Schema object, Schema item);

    const Swagger& swagger_;
    const Kind& kind_;
    Diagnostics& diagnostics_;
    std::set<std::string> taken_; // the fields that some body takes
};

} // namespace trueup::kinds
