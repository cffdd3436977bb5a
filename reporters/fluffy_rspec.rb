# Formatter of RSpec for Fluffy's kernel: RSpec's own JSON report as one sealed line. See fluffy_seal.rb.
require_relative "fluffy_seal"

Fluffy.libraries "rspec/core", "rspec/core/formatters/json_formatter"

module Fluffy
  WRITE = seal

  class Formatter < RSpec::Core::Formatters::JsonFormatter
    RSpec::Core::Formatters.register self, :message, :dump_summary, :dump_profile, :stop, :seed, :close,
      :example_started

    # A dry run tells of every example that it passed.
    def example_started(_notification)
      @dry ||= RSpec.configuration.dry_run?
    end

    write = WRITE
    define_method(:close) { |_notification| write.call(@dry ? output_hash.merge(dry: true) : output_hash) }
  end

  remove_const(:WRITE)
end
