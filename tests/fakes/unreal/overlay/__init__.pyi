"""What unreal-stub lacks, each with its public page: it has nothing of the Movie Render Pipeline."""
