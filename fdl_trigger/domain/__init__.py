"""What things are: values and rules without input or output."""
