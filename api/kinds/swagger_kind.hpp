// Compares one kind with the API's own description of itself.

#pragma once

#include "api/kinds/swagger.hpp"
#include "api/kinds/swagger_fields.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/kind.hpp"

#include <set>
#include <string>
#include <vector>

namespace trueup::kinds {

// Adds a finding for each thing that `kind` says and the document does not. `page_parameters` are
// the query parameters that ask for a page anywhere in the catalogue. All outlive it.
class KindCheck {
public:
    KindCheck(const Swagger& swagger,
              const Kind& kind,
              const std::set<std::string>& page_parameters,
              Diagnostics& diagnostics)
        : swagger_(swagger),
          kind_(kind),
          page_parameters_(page_parameters),
          fields_(swagger, kind, diagnostics)
    {
    }

    void run();

private:
    const Value* operation(const Operation& call);
    void expect(Schema schema, const Path& path, const std::string& key, const std::string& where);
    void check_query(const Operation& call,
                     const Value& described,
                     const std::vector<QueryParameter>& query);
    void check_list();
    void check_paging(const Operation& call, const Value& described, const Paging& paging);
    void check_listed(const ListCall& list);
    void check_read();
    void check_extra(const ExtraRead& extra);
    void check_create();
    void check_facet(const Facet& facet);
    void check_children(const ChildSet& set);
    void check_readiness(const Readiness& readiness);
    void check_places();

    const Swagger& swagger_;
    const Kind& kind_;
    const std::set<std::string>& page_parameters_;
    FieldComparison fields_;
    Schema item_ = nullptr; // what the list holds
    Value object_;          // the schema of what is read, further reads grafted on
    bool has_object_ = false;
    bool calls_exist_ = true;  // else nothing can be said about fields that no body takes
    Schema created_ = nullptr; // the body of the create call
};

} // namespace trueup::kinds
