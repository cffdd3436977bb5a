# Formatter of RSpec for Fluffy's kernel: RSpec's own JSON report as one sealed line. See fluffy_seal.rb.
require_relative "fluffy_seal"

Fluffy.libraries "rspec/core", "rspec/core/formatters/json_formatter"

module Fluffy
  WRITE = seal

  class Formatter < RSpec::Core::Formatters::JsonFormatter
    RSpec::Core::Formatters.register self, :message, :dump_summary, :dump_profile, :stop, :seed, :close

    write = WRITE
    define_method(:close) { |_notification| write.call(output_hash) }
  end

  remove_const(:WRITE)
end
